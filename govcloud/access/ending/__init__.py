"""Ending grants by the thousand: looked at first, ordered once, worked off a part at a time."""
