#include "process.hpp"

#include "transaction.hpp"

#include <csignal>

namespace bemi::process {
namespace {

constexpr int launcher_restart_seconds = 5;

constinit char name_of_database[NAMEDATALEN] = "";

BackgroundWorker describe(const char *type, const char *function) {
    BackgroundWorker worker{};
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
    strlcpy(worker.bgw_library_name, "bemi", sizeof(worker.bgw_library_name));
    strlcpy(worker.bgw_function_name, function, sizeof(worker.bgw_function_name));
    strlcpy(worker.bgw_type, type, sizeof(worker.bgw_type));
    strlcpy(worker.bgw_name, type, sizeof(worker.bgw_name));
    return worker;
}

bool is_of_type(int pid, const char *type) {
    const char *actual = GetBackgroundWorkerTypeByPid(pid);
    return actual != nullptr && strcmp(actual, type) == 0;
}

/// The process of that type that is connected to the database, or to none if that is invalid; 0 if there is
/// none. Without a lock: whatever was found may have gone by the time the caller acts.
int find(const char *type, Oid database) {
    for (uint32 i = 0; i < ProcGlobal->allProcCount; i++) {
        const PGPROC &process = ProcGlobal->allProcs[i];
        const int pid = process.pid;
        if (pid != 0 && process.databaseId == database && is_of_type(pid, type))
            return pid;
    }
    return 0;
}

} // namespace

void register_launcher() {
    BackgroundWorker launcher = describe(launcher_type, "bemi_launcher_main");
    launcher.bgw_restart_time = launcher_restart_seconds;
    RegisterBackgroundWorker(&launcher);
}

bool start_worker(Oid database, TransactionId starter) {
    BackgroundWorker worker = describe(worker_type, "bemi_worker_main");
    // Not by the postmaster, which would start one that crashes again at once, for ever.
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = find(launcher_type, InvalidOid); // hears of its end
    static_assert(sizeof(starter) <= sizeof(worker.bgw_extra));
    memcpy(worker.bgw_extra, &starter, sizeof(starter));
    return RegisterDynamicBackgroundWorker(&worker, nullptr);
}

void wait_for_starter() {
    TransactionId starter;
    memcpy(&starter, MyBgworkerEntry->bgw_extra, sizeof(starter));
    // Not by its lock, which it keeps while it waits for us in turn.
    constexpr long look_again_ms = 10;
    while (TransactionIdIsValid(starter) && TransactionIdIsInProgress(starter))
        pause(look_again_ms);
}

bool claim_database() {
    // An advisory lock, because others go with the next aborted transaction; of a class that SQL cannot name.
    constexpr uint16 class_of_worker = 16;
    const bool session_lock = true, do_not_wait = true;
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 0, class_of_worker);
    // The former worker may be about to leave.
    constexpr int tries = 50;
    constexpr long between_tries_ms = 100;
    for (int i = 0; i < tries; i++) {
        if (LockAcquire(&tag, ExclusiveLock, session_lock, do_not_wait) != LOCKACQUIRE_NOT_AVAIL)
            return true;
        pause(between_tries_ms);
    }
    return false;
}

void show_database() {
    in_transaction([] {
        if (const char *name = get_database_name(MyDatabaseId)) // it may just have been dropped
            strlcpy(name_of_database, name, sizeof(name_of_database));
    });
    const char *name = psprintf("%s for database %s", worker_type, name_of_database);
    init_ps_display(name);
    pgstat_report_appname(name);
}

const char *database_name() {
    return name_of_database;
}

int worker_of(Oid database) {
    return find(worker_type, database);
}

bool is_launcher_running() {
    return find(launcher_type, InvalidOid) != 0;
}

void alert_launcher() {
    const int launcher = find(launcher_type, InvalidOid);
    if (launcher != 0)
        (void)kill(launcher, SIGUSR2);
}

void pause(long milliseconds) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
}

void end_worker(Oid database) {
    constexpr long look_again_ms = 10;
    while (const int pid = worker_of(database)) {
        (void)kill(pid, SIGTERM);
        pause(look_again_ms);
    }
}

} // namespace bemi::process
