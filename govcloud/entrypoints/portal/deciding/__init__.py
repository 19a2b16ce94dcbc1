"""Deciding: the inbox, a decision, rules, delegations."""
