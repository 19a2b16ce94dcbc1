"""Two small subsystems that sign in through the platform and ask it for permission; used by the demo and the browser tests."""
