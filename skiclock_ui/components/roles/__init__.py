"""Roles: what people may do, and which clocks they see."""
