# What the scripts share: the server to build for, quiet commands, root's rights, a directory of one's own.
# Sourced, never run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The PostgreSQL of this release of Debian, and the package of Boost's headers that have Boost.JSON: Debian 12's
# libboost-dev is too old.
debian_boost=libboost-dev
case $(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}") in
    bookworm) debian_postgresql=15 debian_boost=libboost1.81-dev ;;
    trixie) debian_postgresql=17 ;;
    *) debian_postgresql=18 ;;
esac
debian_pg_config=/usr/lib/postgresql/$debian_postgresql/bin/pg_config

# That one, unless the caller names another.
export PG_CONFIG=${PG_CONFIG:-$debian_pg_config}

# Prints its arguments, one a line.
say() {
    printf '%s\n' "$@"
}

# Runs a command without a word; what it said is shown only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

as_root() {
    if is_root; then "$@"; else sudo "$@"; fi
}

# The directory $work lives as long as the script, however that ends. What must happen before it goes is added to
# at_exit.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/bemi.XXXXXX")
    trap at_exit EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

at_exit() {
    rm -rf "$work"
}
