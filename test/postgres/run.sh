# Runs the tests on a server with or without bemi, and compares. Sourced by .ci/check-regress, never run.

database_of() {
    case $1 in regress) say regression ;; isolation) say isolation_regression ;; esac
}

run_sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

# run_on NAME SETTINGS: all suites on a server that is called so. What it leaves is in $evidence/NAME.
run_on() {
    local name=$1 suite
    more_settings="$2
        max_connections = 50
        max_locks_per_transaction = 256
        max_slot_wal_keep_size = -1
        logging_collector = on
        log_destination = csvlog
        log_directory = log
        log_filename = 'server.log'
        log_rotation_size = 0
        log_rotation_age = 0"
    start_server
    mkdir -p "$evidence/$name"
    for suite in "${suites[@]}"; do
        prepare_database "$name" "$(database_of "$suite")"
        "run_$suite" "$name" >"$evidence/$name/$suite.out" 2>&1 || true
        if [ "$name" = bemi ]; then collect "$suite"; fi
    done
    stop_servers
    cp "$work/data/log/server.csv" "$evidence/$name/"
    cp "$work/server.log" "$evidence/$name/" # of before the collector ran
    rm -rf "$work/data"
}

# As pg_regress makes it. The schema `witness` is there in both, so that they differ by bemi alone.
prepare_database() {
    local name=$1 database=$2
    run_sql -c "CREATE DATABASE $database TEMPLATE template0"
    run_sql -v database="$database" -d "$database" -f "$tests/prepare.sql"
    if [ "$name" = bemi ]; then
        run_sql -d "$database" -o /dev/null -f "$tests/track.sql"
    fi
}

run_regress() {
    mkdir -p "$work/regress"
    if is_root; then chown postgres "$work/regress"; fi
    as_server_user "$pgxs/src/test/regress/pg_regress" --use-existing --dbname=regression --bindir="$bindir" \
        --inputdir="$source_directory/src/test/regress" --outputdir="$work/regress" --dlpath="$work/lib" \
        --schedule="$source_directory/src/test/regress/parallel_schedule" \
        --max-concurrent-tests=20 --max-connections="${MAX_CONNECTIONS:-0}" || true
    keep_results "$1" regress
}

# A step that hangs is cancelled: no test takes that long by itself.
run_isolation() {
    mkdir -p "$work/isolation"
    if is_root; then chown postgres "$work/isolation"; fi
    as_server_user env PGISOLATIONTIMEOUT=120 "$pgxs/src/test/isolation/pg_isolation_regress" \
        --use-existing --dbname=isolation_regression --bindir="$bindir" \
        --inputdir="$source_directory/src/test/isolation" --outputdir="$work/isolation" \
        --schedule="$source_directory/src/test/isolation/isolation_schedule" \
        prepared-transactions prepared-transactions-cic || true
    keep_results "$1" isolation
}

keep_results() {
    [ ! -e "$work/$2/regression.diffs" ] || cp "$work/$2/regression.diffs" "$evidence/$1/$2.diffs"
    rm -rf "${work:?}/$2"
}

# What the WAL has, and what is stored of it.
collect() {
    local database
    database=$(database_of "$1")
    run_sql -d "$database" -f "$tests/collect.sql" >"$evidence/bemi/$1.store" 2>&1 || true
}

errors_of() {
    perl "$tests/errors.pl" "$1" <"$evidence/$2/server.csv" | sort
}

# Its standard input, without what known.txt lists.
without_known() {
    grep -vxFf <(grep -v '^#' "$tests/known.txt" | grep .) || true
}

check_errors() {
    check "$1: no ERROR that is not there without bemi" \
        < <(comm -13 <(errors_of "$1" plain) <(errors_of "$1" bemi) | without_known)
}

check_store() {
    check "$1: all that was written is stored" <"$evidence/bemi/$1.store"
}

# As pg_regress says it up to PostgreSQL 15, and since.
failures_of() {
    sed -nE 's/^(test| ) +([^ ]+) +\.\.\. FAILED.*/\2/p; s/^not ok [0-9]+ +[-+] ([^ ]+).*/\1/p' "$evidence/$1/$2.out" | sort
}

check_regress() {
    check_errors regress
    check_store regress
}

check_isolation() {
    check_errors isolation
    check "isolation: every test passes that passes without bemi" \
        < <(comm -13 <(failures_of plain isolation) <(failures_of bemi isolation) | without_known)
    check_store isolation
}

crashes() {
    perl "$tests/errors.pl" --crashes <"$evidence/bemi/server.csv"
}
