#!/bin/sh
# The role the hub runs under: no owner, no superuser, held to one tenant at a time by row-level security.
# And the role backups run under, which must see all of them.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v app="${APP_PASSWORD:?}" -v backup="${BACKUP_PASSWORD:?}" <<'SQL'
CREATE ROLE kvitt_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'app';
CREATE ROLE kvitt_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'backup';
GRANT pg_read_all_data TO kvitt_backup;
SQL
