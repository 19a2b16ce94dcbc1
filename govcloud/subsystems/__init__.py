"""Subsystems: the catalogue of relying systems, their functions, items, clients, and the lists they rest on."""
