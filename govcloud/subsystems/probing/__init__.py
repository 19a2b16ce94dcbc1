"""Tests of a client's connection: the platform knocks at registered addresses and says what it found, one check at a time."""
