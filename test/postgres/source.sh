# PostgreSQL's own tests, from Debian's source package. Sourced by .ci/check-regress, never run.
#
# apt gets lists and directories of its own, so that the machine's are left alone.

source_name=postgresql-$("$PG_CONFIG" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
apt_directory=$work/apt
source_directory=$work/source

in_apt() {
    local program=$1
    shift
    "$program" -o Dir::Etc::SourceList="$apt_directory/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$apt_directory/lists" -o Dir::Cache="$apt_directory" -o APT::Sandbox::User= "$@"
}

# The server's own version first, then the newest: a mirror may lack one.
versions() {
    local own
    own=$("$PG_CONFIG" --version | sed -nE 's/.*Debian ([^)]*)\).*/\1/p')
    say "$own"
    in_apt apt-cache showsrc "$source_name" | sed -n 's/^Version: //p' | sort -rV | grep -vxF "$own"
}

fetch_source() {
    local release version signed='signed-by=/usr/share/keyrings/debian-archive-keyring.gpg'
    release=$(. /etc/os-release && say "$VERSION_CODENAME")
    mkdir -p "$apt_directory/lists/partial" "$apt_directory/archives/partial"
    say "deb-src [$signed] http://deb.debian.org/debian $release main" \
        "deb-src [$signed] http://deb.debian.org/debian-security $release-security main" >"$apt_directory/sources.list"
    in_apt apt-get update
    for version in $(versions); do
        rm -f "$apt_directory"/*.orig.tar.*
        if (cd "$apt_directory" && in_apt apt-get source --download-only --only-source "$source_name=$version"); then
            mkdir "$source_directory"
            tar xf "$apt_directory"/*.orig.tar.* -C "$source_directory" --strip-components=1 --wildcards \
                '*/src/test/regress' '*/src/test/isolation'
            return
        fi
    done
    return 1
}

source_version() {
    basename "$apt_directory"/*.orig.tar.* | sed -E 's/.*_(.*)\.orig\.tar.*/\1/'
}

# The functions in C that the regression tests call; two of contrib are installed with the server.
build_source() {
    mkdir "$work/lib"
    gcc -O1 -g -w -shared -fPIC -I"$("$PG_CONFIG" --includedir-server)" -o "$work/lib/regress.so" \
        "$source_directory/src/test/regress/regress.c"
    cp "$("$PG_CONFIG" --pkglibdir)"/{refint,autoinc}.so "$work/lib/"
}
