"""Diagnostics: what the server stands on, how ingest does, and what came in damaged."""
