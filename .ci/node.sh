# Node and the package for it, for tests and examples: the machine's own Node may be too old.
# Sourced after lib.sh, never run.

# use_node VERSION [FOLDER...]: installs the npm packages of the folders, builds the package, and takes that Node.
use_node() {
    local node=clients/node/test/$1
    shift
    .ci/setup clients
    .ci/setup-clients clients/node "$node" "$@" >&2
    PATH=$(echo "$PWD/$node"/node_modules/node-linux-*/bin):$PATH
    export PATH
    clients/node/node_modules/.bin/tsc -p clients/node
}
