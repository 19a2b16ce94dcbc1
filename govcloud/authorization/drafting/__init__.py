"""The life of a policy before it decides: drafts, what they would change for whom, a second person's word, and a shadow beside the live one."""
