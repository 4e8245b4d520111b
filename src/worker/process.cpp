#include "worker/process.hpp"

#include "base/transaction.hpp"

#include <algorithm>
#include <csignal>

namespace bemi::worker::process {
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

/// Calls `use` for each process of that type that `matches`. Takes no lock: a process that is found may have
/// ended by the time the caller acts.
template <typename Matches, typename Use> void for_each_if(const char *type, Matches &&matches, Use &&use) {
    for (uint32 i = 0; i < ProcGlobal->allProcCount; i++) {
        PGPROC &process = ProcGlobal->allProcs[i];
        const int pid = process.pid;
        if (pid != 0 && matches(process) && is_of_type(pid, type))
            use(process, pid);
    }
}

/// Does so for those that are connected to the database, or to none if that is invalid.
template <typename Use> void for_each(const char *type, Oid database, Use &&use) {
    for_each_if(
        type, [database](const PGPROC &process) { return process.databaseId == database; }, use);
}

/// The pid of such a process other than this one; 0 if there is none.
int find(const char *type, Oid database) {
    int found = 0;
    for_each(type, database, [&found](PGPROC &, int pid) {
        if (pid != MyProcPid)
            found = pid;
    });
    return found;
}

volatile sig_atomic_t terminated = false;

void on_terminate(SIGNAL_ARGS) {
    const int saved_errno = errno;
    terminated = true;
    InterruptPending = true;
    QueryCancelPending = true;
    SetLatch(MyLatch);
    errno = saved_errno;
}

} // namespace

void register_launcher() {
    BackgroundWorker launcher = describe(launcher_type, "bemi_launcher_main");
    launcher.bgw_restart_time = launcher_restart_seconds;
    RegisterBackgroundWorker(&launcher);
}

bool start_worker(Oid database, const Start &start) {
    BackgroundWorker worker = describe(worker_type, "bemi_worker_main");
    // The postmaster would restart a worker that crashes at once, for ever. The launcher waits in between.
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = find(launcher_type, InvalidOid); // is woken when the worker ends
    static_assert(sizeof(start) <= sizeof(worker.bgw_extra));
    memcpy(worker.bgw_extra, &start, sizeof(start));
    return RegisterDynamicBackgroundWorker(&worker, nullptr);
}

Start wait_for_starter() {
    Start start;
    memcpy(&start, MyBgworkerEntry->bgw_extra, sizeof(start));
    if (!TransactionIdIsValid(start.starter))
        return start;
    // Waiting for the lock of the transaction would be a deadlock: its commit waits for this worker.
    constexpr long look_again_ms = 10;
    while (TransactionIdIsInProgress(start.starter))
        pause(look_again_ms);
    if (!TransactionIdDidCommit(start.starter))
        start.slot_since = InvalidXLogRecPtr;
    return start;
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

void log_begin() {
    ereport(LOG, (errmsg("bemi stores the changes of database \"%s\"", name_of_database)));
}

void log_end() {
    ereport(LOG, (errmsg("bemi stops storing the changes of database \"%s\"", name_of_database)));
}

int worker_of(Oid database) {
    return find(worker_type, database);
}

int room_left() {
    constexpr int launchers = 2; // PostgreSQL's for logical replication, and ours
    const int room = std::max(1, max_worker_processes - max_parallel_workers_per_gather - launchers);
    int workers = 0;
    for_each_if(
        worker_type, [](const PGPROC &) { return true; }, [&workers](PGPROC &, int) { workers++; });
    return room - workers;
}

bool is_launcher_running() {
    return find(launcher_type, InvalidOid) != 0;
}

void pause(long milliseconds) {
    (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, milliseconds,
                    PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
}

void wake_workers(Oid database) {
    for_each(worker_type, database, [](PGPROC &process, int) { SetLatch(&process.procLatch); });
}

void interrupt_workers(Oid database) {
    for_each(worker_type, database, [](PGPROC &process, int pid) {
        if (process.waitStatus == PROC_WAIT_STATUS_WAITING)
            (void)kill(pid, SIGINT);
    });
}

void end_on_sigterm() {
    pqsignal(SIGTERM, on_terminate);
}

bool is_terminated() {
    return terminated;
}

void end_worker(Oid database) {
    constexpr long look_again_ms = 10;
    constexpr int looks_between_signals = 100; // a worker that ends may have something to write
    for (int i = 0; const int pid = worker_of(database); i++) {
        if (i % looks_between_signals == 0)
            (void)kill(pid, SIGTERM);
        pause(look_again_ms);
    }
}

} // namespace bemi::worker::process
