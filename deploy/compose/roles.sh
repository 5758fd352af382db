#!/bin/sh
# Run once by the image of PostgreSQL, when it makes its database: the two roles of docs/run.md.
# The passwords are read by psql itself and stand in no command line.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<'SQL'
\set owner_password `cat ${SECRETS:-/run/secrets}/owner_password`
\set app_password `cat ${SECRETS:-/run/secrets}/app_password`
CREATE ROLE amends_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE amends_app LOGIN PASSWORD :'app_password';
REVOKE ALL ON DATABASE amends FROM PUBLIC;
GRANT CONNECT, TEMPORARY, CREATE ON DATABASE amends TO amends_owner;
GRANT CONNECT, TEMPORARY ON DATABASE amends TO amends_app;
ALTER SCHEMA public OWNER TO amends_owner;
GRANT USAGE ON SCHEMA public TO amends_app;
SQL
