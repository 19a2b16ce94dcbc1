"""The organisation: divisions, the department tree, offices, and everything that can be done to them."""
