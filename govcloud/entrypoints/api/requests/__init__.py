"""Asking, deciding and what is held."""
