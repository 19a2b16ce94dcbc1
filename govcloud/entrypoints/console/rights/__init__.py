"""授权: roles, duties, ceilings, grants, separation, and answers about them."""
