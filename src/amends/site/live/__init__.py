"""Event streams of a web process: heard once from PostgreSQL, told to all who may listen."""
