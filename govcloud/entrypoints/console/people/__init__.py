"""人员: the list, a person's page, changes of duty, imports."""
