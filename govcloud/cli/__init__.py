"""The command line: one file a group of commands; every error is one clear line and exit code 1 or more."""
