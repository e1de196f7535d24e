#!/usr/bin/env bash
# Runs a command with a private PostgreSQL server and passes on its exit code.
#
#   scripts/with-postgres.sh cargo test -p catalog
#
# The command finds the server in TEST_DATABASE_URL (a superuser). The server lives in a temporary
# folder, listens on a free port of the loopback address, does not wait for disks, and is gone
# afterwards. POSTGRES_DURABLE=1 makes it keep to PostgreSQL's defaults, for measurements.
# If TEST_DATABASE_URL is set already, the command runs against that server.
set -euo pipefail

if [ $# -eq 0 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    exit 2
fi
if [ -n "${TEST_DATABASE_URL:-}" ]; then
    exec "$@"
fi

here=$(cd "$(dirname "$0")" && pwd)

# Prints the folder with initdb and postgres: the newest one installed.
find_programs() {
    local initdb
    initdb=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1 || true)
    [ -n "$initdb" ] || initdb=$(command -v initdb || true)
    [ -n "$initdb" ] && dirname "$initdb"
}

programs=$(find_programs) || {
    "$here/setup.sh" postgres
    programs=$(find_programs)
}

# PostgreSQL refuses to run as root.
as_server_user=()
server_user=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
    server_user=nobody
    if id postgres >/dev/null 2>&1; then server_user=postgres; fi
    as_server_user=(setpriv "--reuid=$server_user" "--regid=$(id -gn "$server_user")" --clear-groups)
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/callboard-pg.XXXXXX")
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
server=

# The server is our child (setpriv replaces itself by it), hence ours to end.
stop() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

printf '%s' "$password" >"$folder/password"
[ "$(id -u)" -ne 0 ] || chown -R "$server_user" "$folder"

# The working folder must be one the server's user may enter.
(cd "$folder" && "${as_server_user[@]}" "$programs/initdb" --pgdata="$folder/data" \
    --username=callboard --pwfile="$folder/password" --auth=scram-sha-256 --encoding=UTF8 \
    --locale=C.UTF-8 --no-sync >"$folder/initdb.log" 2>&1) || {
    cat "$folder/initdb.log" >&2
    exit 1
}

cat >>"$folder/data/postgresql.conf" <<'CONF'
listen_addresses = '127.0.0.1'
max_connections = 400
shared_buffers = 128MB
CONF
[ -n "${POSTGRES_DURABLE:-}" ] || cat >>"$folder/data/postgresql.conf" <<'CONF'
# The data is thrown away: durability would only cost time.
fsync = off
synchronous_commit = off
full_page_writes = off
# Every test works in a database of its own, created from a template.
autovacuum = off
wal_level = minimal
max_wal_senders = 0
CONF

# Whether the server of this folder accepts connections.
is_ready() {
    "$programs/pg_isready" --quiet --host=127.0.0.1 --port="$1"
}

# start PORT: false when the server ended, most likely because the port is taken.
start() {
    # Each command of this line replaces the one before, so that $! is the server itself.
    (cd "$folder" && exec "${as_server_user[@]}" "$programs/postgres" \
        -D "$folder/data" -p "$1" -k "$folder" >>"$folder/server.log" 2>&1) &
    server=$!
    for _ in $(seq 1 300); do
        kill -0 "$server" 2>/dev/null || break
        # The socket file is ours alone; another server on the port would also answer.
        if [ -S "$folder/.s.PGSQL.$1" ] && is_ready "$1"; then return 0; fi
        sleep 0.1
    done
    kill -INT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
    return 1
}

for _ in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 12000))
    if start "$port"; then break; fi
done
if [ -z "$server" ]; then
    echo 'with-postgres: the server does not start:' >&2
    tail -n 20 "$folder/server.log" >&2
    exit 1
fi

export TEST_DATABASE_URL="postgres://callboard:$password@127.0.0.1:$port/postgres"
code=0
"$@" || code=$?
exit "$code"
