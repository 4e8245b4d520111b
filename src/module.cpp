// The library's entry point, which sets up each part of bemi.
#include "base/compat.hpp"
#include "context/execution.hpp"
#include "context/message.hpp"
#include "context/statement.hpp"
#include "guc.hpp"
#include "history/key_pushdown.hpp"
#include "worker/listeners.hpp"
#include "worker/process.hpp"
#include "worker/process_utility.hpp"
#include "worker/shared.hpp"
#include "worker/wakeup.hpp"

extern "C" {
BEMI_MODULE_MAGIC;
PGDLLEXPORT void _PG_init();
}

void _PG_init() {
    bemi::guc::define();
    bemi::context::statement::watch_statements();
    bemi::context::execution::watch_queries();
    bemi::context::message::watch_transactions();
    bemi::worker::wakeup::watch_transactions();
    bemi::worker::listeners::watch_transactions();
    bemi::worker::process_utility::watch_commands();
    bemi::history::watch_planning();
    if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
        return;
    bemi::worker::shared::request_memory();
    bemi::worker::process::register_launcher();
}
