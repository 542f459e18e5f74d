"""What came over from production, and what was refused."""
