"""Keys of programs, and what the first generation shares."""
