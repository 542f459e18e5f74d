"""Updates: figures, pictures, and the log of what clocks install, live."""
