"""Scopes: which rows and which fields somebody may use, and the algebra on them."""
