"""What every domain stands on: time, ids, errors, actors, events, the database, one transaction rule, keys."""
