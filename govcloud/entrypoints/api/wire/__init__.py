"""How a call is read and answered: bodies, the table of routes, errors, the document."""
