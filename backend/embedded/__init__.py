"""The parts that the server brings along: PostgreSQL, the MQTT broker, TLS certificates."""
