"""Sign-out that reaches every subsystem: who has to be told, by which channel, and what each answered."""
