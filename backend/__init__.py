"""The server without a face: domain, database, MQTT and HTTP."""
