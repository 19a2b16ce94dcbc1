"""Promises kept after commit: messages that a command writes in its transaction and that are delivered until received."""
