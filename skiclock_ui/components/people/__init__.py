"""People: who may come in, as what, and the browsers in which they are signed in."""
