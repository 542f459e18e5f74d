"""Firmware: every version of each platform, live, and the upload."""
