"""One clock: its picture, what it is made of, what it was told and what it told."""
