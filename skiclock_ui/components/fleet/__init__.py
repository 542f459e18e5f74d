"""The live fleet: one custom element, the feed behind it, and the room of its pages."""
