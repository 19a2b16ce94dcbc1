"""The life of a grant: opened, extended, at rest, ended."""
