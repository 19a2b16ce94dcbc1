"""The node's replica of what decisions read: one LMDB file that one process keeps and all workers share (decision 14)."""
