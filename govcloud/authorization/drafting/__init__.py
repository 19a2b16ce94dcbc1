"""The life of a policy before it decides: drafts, whom they would touch, a second person's word, a shadow beside the live one."""
