"""The checks of the endpoints, one a file; each has the same form, so that an endpoint is a list of them in order."""
