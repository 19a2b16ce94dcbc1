"""Matters (一件事): templates of items across departments."""
