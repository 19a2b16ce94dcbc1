"""Clocks: by when a department answers, in working time; what happens when it does not; where work waits."""
