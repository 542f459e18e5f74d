"""Custom elements: Python and JavaScript side by side, a folder each."""
