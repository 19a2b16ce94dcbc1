"""Asking: the catalogue, the form, one's requests."""
