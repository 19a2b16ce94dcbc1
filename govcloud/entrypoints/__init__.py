"""Every way in; each translates between its wire and the services, and none imports another."""
