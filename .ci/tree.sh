# Fresh trees of Debian releases, in which packages are built and tried. Sourced after lib.sh, never run. Needs root.

# new_tree RELEASE DIRECTORY: a minimal system. debootstrap makes it once; from then on it is copied.
new_tree() {
    local minimal=${BEMI_TREES:-/var/cache/bemi}/$1
    if [ ! -e "$minimal.complete" ]; then
        rm -rf "$minimal"
        mkdir -p "$minimal"
        quietly debootstrap --variant=minbase "$1" "$minimal" http://deb.debian.org/debian
        touch "$minimal.complete"
    fi
    cp -a "$minimal" "$2"
}

# in_tree DIRECTORY COMMAND...: runs it there as root. Mounts and processes are its own: all are gone when it ends.
in_tree() {
    unshare --mount --pid --fork --kill-child bash -euc '
        tree=$1
        shift
        mount --bind /dev "$tree/dev"
        mount -t tmpfs tmpfs "$tree/dev/shm"
        mount -t devpts devpts "$tree/dev/pts" -o newinstance,ptmxmode=666
        mount -t proc proc "$tree/proc"
        exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
            chroot "$tree" "$@"' bash "$@"
}

# The tracked files and those to be, as they are in the working copy.
copy_sources() {
    mkdir -p "$1"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp -a --parents -t "$1"
}
