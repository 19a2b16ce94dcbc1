"""Answers people can trust: who may use a function, what somebody may do and why, at any moment; and the log of what was decided."""
