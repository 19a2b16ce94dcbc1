"""Clients: what a subsystem signs officials in with; addresses, keys, secrets, files."""
