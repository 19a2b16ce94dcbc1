"""Tables that people send: their columns, how files become records of them, their templates, and what is found wrong in them."""
