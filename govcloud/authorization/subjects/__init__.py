"""Subjects: what the engine knows of whoever asks, at one moment, and the roles that follow from a duty."""
