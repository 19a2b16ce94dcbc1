"""策略草稿: drafts, rules from a form, steps and words."""
