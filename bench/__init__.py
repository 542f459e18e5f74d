"""What the speed claims rest on: each row starts what it needs and prints a ratio."""
