"""Subsystems, lists and matters."""
