"""Roles, rules and grants, and the engine that decides with them: may this subject use this function, on which rows, until when."""
