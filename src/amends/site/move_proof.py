"""Whether a database that was moved is the one it was moved from, and as well guarded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from amends.site.backup_database import role_of
from amends.site.move_target import Connection, connected

GUARDED = ("store_historyentry", "store_historycontent")
"""The tables of the record: nobody may change what stands in them, whoever signs in as the application."""
MOST = 10

_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = ''
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
GROUP BY c.relname ORDER BY c.relname
"""
# By what every version prints alike; not `hashtext`, which machines of another kind reckon otherwise.
_CONTENT = """
SELECT count(*), sum(('x' || left(encode(sha256(convert_to(ROW({columns})::text, 'UTF8')), 'hex'), 15))::bit(60)::bigint)
FROM {table}
"""  # noqa: E501
_PLAIN = """
SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET bytea_output = 'hex';
SET extra_float_digits = 1; SET default_transaction_isolation = 'repeatable read'
"""
_SEQUENCES = "SELECT sequencename::text, last_value::text FROM pg_sequences WHERE schemaname = 'public'"
_INDEXES = """
SELECT i.relname::text, concat_ws(' ', t.relname, x.indisvalid, x.indisunique) FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace
"""
_CONSTRAINTS = """
SELECT concat_ws('.', t.relname, k.conname), concat_ws(' ', k.contype, k.convalidated) FROM pg_constraint k
JOIN pg_class t ON t.oid = k.conrelid WHERE t.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
"""
_TRIGGERS = """
SELECT concat_ws('.', c.relname, t.tgname), concat_ws(' ', t.tgenabled, t.tgtype, encode(sha256(
  convert_to(p.prosrc, 'UTF8')), 'hex'))
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""
_FIRST_COLUMN = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum = 1"

Heard = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Likeness:
    """All that two databases are compared by: what stands in each table, and what each is made of."""

    tables: dict[str, str]
    rows: int
    made_of: dict[str, dict[str, str]]


def likeness(url: str, heard: Heard) -> Likeness:
    """Read a whole database; `heard` is told which table is being read."""
    with _reading(url) as connection:
        made_of = {
            kind: dict(connection.execute(question.encode()).fetchall())
            for kind, question in (
                ("sequences", _SEQUENCES),
                ("indexes", _INDEXES),
                ("constraints", _CONSTRAINTS),
                ("triggers", _TRIGGERS),
            )
        }
        tables, rows = {}, 0
        for name, columns in connection.execute(_TABLES).fetchall():
            heard(name)
            row = connection.execute(
                sql.SQL(_CONTENT).format(
                    columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=sql.Identifier(name)
                )
            ).fetchone()
            count, digest = row or (0, None)
            tables[name], rows = f"{count} rows, {digest or 0}", rows + int(count)
    return Likeness(tables, rows, made_of)


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    """A connection that sees one moment and prints everything in one way."""
    with connected(url) as connection:
        connection.execute(_PLAIN)
        with connection.transaction():
            yield connection


def differences(old: Likeness, new: Likeness) -> list[str]:
    """What is not alike, in words; an empty list when everything is."""
    found = [
        f"table {name}: {old.tables.get(name, 'not there')} before, {new.tables.get(name, 'not there')} now"
        for name in sorted(old.tables.keys() | new.tables.keys())
        if old.tables.get(name) != new.tables.get(name)
    ]
    for kind, before in old.made_of.items():
        now = new.made_of[kind]
        found += [
            f"{kind} {name}: {before.get(name, 'not there')} before, {now.get(name, 'not there')} now"
            for name in sorted(before.keys() | now.keys())
            if before.get(name) != now.get(name)
        ]
    return found


def weaknesses(urls: tuple[str, str]) -> list[str]:
    """What the application could do to the record though it must not, or cannot do though it must.

    Everything is tried for real and taken back.
    """
    with connected(urls[0]) as connection:
        triggers = connection.execute(_TRIGGERS).fetchall()
        guards = [name.split(".", 1) for name, _ in triggers if name.split(".", 1)[0] in GUARDED]
        found = [f"{table} has no guard" for table in GUARDED if table not in {name for name, _ in guards}]
        found += [f"it may {_words(each)}" for each in _forbidden(connection, guards, role_of(urls[1]))]
        unreachable = connection.execute(_UNREACHABLE).fetchall()
        found += [f"it may not work with {name}" for (name,) in unreachable]
    return found


_UNREACHABLE = """
SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
  AND (relkind IN ('r', 'p') AND NOT has_table_privilege(oid, 'SELECT')
    OR relkind = 'S' AND NOT has_sequence_privilege(oid, 'USAGE'))
"""


def _forbidden(connection: Connection, guards: list[list[str]], owner: str) -> Iterator[sql.Composed]:
    """Those of the attempts on the record that succeed."""
    attempts = [
        sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(name), sql.Identifier(table))
        for table, name in guards
    ]
    for table in GUARDED:
        attempts += _on(connection, table)
    attempts.append(sql.SQL("SET session_replication_role = {}").format(sql.Literal("replica")))
    attempts.append(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
    for attempt in attempts:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("SET LOCAL lock_timeout = '5s'")
                done = connection.execute(attempt)
        except psycopg.Error:
            continue
        if done.rowcount != 0:  # an UPDATE of an empty table changes nothing
            yield attempt


def _on(connection: Connection, table: str) -> Iterator[sql.Composed]:
    named = sql.Identifier(table)
    for attempt in ("ALTER TABLE {} DISABLE TRIGGER ALL", "DROP TABLE {} CASCADE", "TRUNCATE {} CASCADE"):
        yield sql.SQL(attempt).format(named)
    column = connection.execute(_FIRST_COLUMN, [table]).fetchone()
    if column:
        yield sql.SQL("UPDATE {table} SET {one} = {one} WHERE ctid = (SELECT min(ctid) FROM {table})").format(
            table=named, one=sql.Identifier(column[0])
        )


def _words(statement: sql.Composed) -> str:
    return statement.as_string(None)
