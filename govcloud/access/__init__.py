"""Requesting, approving and ending temporary access across departments."""
