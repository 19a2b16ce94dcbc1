"""The record of what happened: append-only events, their Merkle tree, checkpoints, and the proof that nothing was altered."""
