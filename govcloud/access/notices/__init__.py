"""Notices to people: who hears of what, in the portal and by mail."""
