# What the benchmarks share: a private server set up for them, the CPU time of its processes, the report.
# Sourced, never run. bemi must be installed in the server that PG_CONFIG names: make bench sees to that.
#
#   BENCH_SCALE    size of the workloads; 1 is the full size
#   BENCH_ROUNDS   measurements of every contender; one that warms up comes on top and is not counted
#   BENCH_ONLY     a regular expression: only the workloads whose names match

. "$(dirname "${BASH_SOURCE[0]}")/../.ci/lib.sh" # goes to the root of the tree
. .ci/server.sh

BENCH_SCALE=${BENCH_SCALE:-0.2}
BENCH_ROUNDS=${BENCH_ROUNDS:-5}

# Output plugins that the benchmark uses; one that it built itself may lie in $work.
bench_plugins=(pgoutput)

# These keep the disk and background work out of the CPU time.
server_settings() {
    cat <<-'END'
		wal_level = logical
		shared_preload_libraries = 'bemi'
		shared_buffers = '1GB'
		fsync = off
		autovacuum = off
		jit = off
		max_parallel_workers_per_gather = 0
		checkpoint_timeout = '1d'
		max_wal_size = '64GB'
		min_wal_size = '2GB'
	END
    if "$bindir/postgres" --describe-config | grep '^output_plugin_libraries' >/dev/null; then
        say "output_plugin_libraries = '$(join ', ' "${bench_plugins[@]}")'"
    fi
    say "dynamic_library_path = '\$libdir:$work'"
}

# join SEPARATOR WORD...
join() {
    local separator=$1 result=$2
    shift 2
    [ $# -eq 0 ] || result+=$(printf "$separator%s" "$@")
    say "$result"
}

sql() {
    "$bindir/psql" -XqAt -v ON_ERROR_STOP=1 "$@"
}

scaled() {
    awk -v n="$1" -v scale="$BENCH_SCALE" 'BEGIN { printf "%d", n * scale }'
}

start_bench_server() {
    make_work
    chmod 755 "$work" # the server's user must get to its directory, whoever made it
    start_server
    sql -f bench/lib.sql >/dev/null
}

# run_workload NAME MEASURE ARGUMENT...: rounds of all contenders. MEASURE finds $workload and $round.
run_workload() {
    workload=$1
    shift
    [[ $workload =~ ${BENCH_ONLY:-} ]] || return 0
    say "$workload" >&2
    for ((round = 0; round <= BENCH_ROUNDS; round++)); do
        "$@"
    done
}

# describe_machine NOTE...: what the numbers below it were measured on, and how.
describe_machine() {
    say "- $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, Linux $(uname -r)" \
        "- PostgreSQL $(sql -c 'SHOW server_version'), $(date +%F)" \
        "- $*"
}

# package_version PACKAGE: empty where it was not installed as a Debian package.
package_version() {
    dpkg-query -W -f '${Version}' "$1" 2>/dev/null || true
}
