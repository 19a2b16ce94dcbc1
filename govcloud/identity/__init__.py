"""Identity: divisions, departments, officials, their appointments and their one account each."""
