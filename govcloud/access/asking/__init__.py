"""Asking: basket, search, comparison with a colleague, files; and the placing of what is asked for, until it waits for its owner."""
