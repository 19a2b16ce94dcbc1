"""Rights that are given: roles directly and by duty within ceilings, temporary grants, what becomes of both."""
