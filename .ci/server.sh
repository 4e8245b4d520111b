# A private PostgreSQL in $work: reached through a socket there, and gone with the script.
# Sourced after lib.sh, never run. The clients' environment is set, so a plain psql is connected to it.

bindir=$("$PG_CONFIG" --bindir)
pgxs=$(dirname "$(dirname "$(dirname "$("$PG_CONFIG" --pgxs)")")")

# Nothing of the caller's own servers may leak in.
for name in ${!PG@}; do
    [ "$name" = PG_CONFIG ] || unset "$name"
done

# PostgreSQL refuses to run as root; there it runs as Debian's user for it, who may not be able to read the tree.
as_server_user() {
    if is_root; then (cd "$work" && runuser -u postgres -- "$@"); else "$@"; fi
}

server_settings() {
    cat <<-'END'
		wal_level = logical
		shared_preload_libraries = 'bemi'
		max_prepared_transactions = 10
		fsync = off
	END
    # Servers from August 2026 on load only the output plugins named here; older ones do not know the setting.
    if "$bindir/postgres" --describe-config | grep '^output_plugin_libraries' >/dev/null; then
        say "output_plugin_libraries = 'pgoutput, test_decoding, wal2json, bemi'"
    fi
}

start_server() {
    if is_root; then chown postgres "$work"; fi
    export PGHOST=$work PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    quietly as_server_user "$bindir/initdb" -D "$work/data" -U postgres -A trust -E UTF8 --locale=C --no-sync
    {
        server_settings
        say "listen_addresses = ''" "unix_socket_directories = '$work'" "${more_settings:-}"
    } >>"$work/data/postgresql.conf"
    quietly as_server_user "$bindir/pg_ctl" start -w -D "$work/data" -l "$work/server.log" || {
        cat "$work/server.log" >&2
        return 1
    }
}

# Those too that a test started and was kept from stopping.
stop_servers() {
    local pid_file
    find "$work" -name postmaster.pid 2>/dev/null | while read -r pid_file; do
        quietly as_server_user "$bindir/pg_ctl" stop -m fast -D "${pid_file%/*}" || true
    done
}

at_exit() {
    stop_servers
    rm -rf "$work"
}
