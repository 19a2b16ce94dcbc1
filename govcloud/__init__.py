"""govcloud: identity and permission system of a provincial government's cloud."""

__version__ = "0.1.0"
