"""Sign-on: who is signed in, under which appointment, in which subsystems; one core for every protocol."""
