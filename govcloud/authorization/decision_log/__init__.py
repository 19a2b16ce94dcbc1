"""The log of decisions: every denial, every sensitive yes and a sample of the others; it never slows a check."""
