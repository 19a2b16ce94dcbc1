"""Reports on access: how long it takes to get it, how much of it is temporary, and what ends soon."""
