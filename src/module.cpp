// The library's entry point: composes the parts, decides nothing.
#include "compat.hpp"
#include "context/emit.hpp"
#include "guc.hpp"

extern "C" {
BEMI_MODULE_MAGIC;
PGDLLEXPORT void _PG_init();
}

void _PG_init() {
    bemi::guc::define();
    bemi::emit::watch_transactions();
}
