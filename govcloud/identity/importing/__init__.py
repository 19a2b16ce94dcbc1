"""Importing people: reading a source, checking each row, planning, writing set by set, and what came of it."""
