"""Flashing: a board over USB, and the history of it."""
