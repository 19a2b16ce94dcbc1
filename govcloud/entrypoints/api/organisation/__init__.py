"""The organisation and its people."""
