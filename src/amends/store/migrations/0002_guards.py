"""What Django's models cannot say: no TRUNCATE of the record, and the table for shared caches."""

from django.db import migrations

GUARD = """
CREATE FUNCTION store_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The history is append-only.';
END $$;
CREATE TRIGGER history_no_truncate BEFORE TRUNCATE ON store_historyentry
    FOR EACH STATEMENT EXECUTE FUNCTION store_refuse_truncate();
CREATE TRIGGER content_no_truncate BEFORE TRUNCATE ON store_historycontent
    FOR EACH STATEMENT EXECUTE FUNCTION store_refuse_truncate();
"""
UNGUARD = """
DROP TRIGGER history_no_truncate ON store_historyentry;
DROP TRIGGER content_no_truncate ON store_historycontent;
DROP FUNCTION store_refuse_truncate();
"""
CACHE = """
CREATE TABLE store_cache (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX store_cache_expires ON store_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0001_initial")]
    operations = [
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(CACHE, "DROP TABLE store_cache;"),
    ]
