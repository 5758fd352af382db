"""Rows, migrations, the queries that matter, the outbox, and access: the one door to every object."""
