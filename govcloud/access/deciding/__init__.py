"""Deciding: who may answer a line, what they are shown, what they can do with it, and what follows."""
