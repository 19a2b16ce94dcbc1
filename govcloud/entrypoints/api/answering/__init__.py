"""Answers about rights, and separation of duty."""
