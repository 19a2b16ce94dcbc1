"""Finding and grouping people: keys, search, criteria, reach."""
