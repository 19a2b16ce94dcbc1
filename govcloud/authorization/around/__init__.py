"""What a question stands in: time, the working calendar, networks, and whether a clock may be believed."""
