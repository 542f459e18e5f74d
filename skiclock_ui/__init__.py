"""The dashboard: pages and components on top of backend."""
