#include "worker/claim.hpp"

#include "worker/own_lock.hpp"
#include "worker/process.hpp"

namespace bemi::worker::claim {
namespace {

constexpr bool for_session = true, for_transaction = false, wait = false, do_not_wait = true;

constinit bool is_mine = false;

} // namespace

bool acquire(bool wait_for_end) {
    const LOCKTAG tag = tag_of(LockClass::worker);
    const int tries = wait_for_end ? 500 : 1;
    constexpr long between_tries_ms = 10;
    for (int i = 0; i < tries && !is_mine; i++) {
        is_mine = LockAcquire(&tag, ExclusiveLock, for_session, do_not_wait) != LOCKACQUIRE_NOT_AVAIL;
        if (!is_mine)
            process::pause(between_tries_ms);
    }
    return is_mine;
}

void release() {
    const LOCKTAG tag = tag_of(LockClass::worker);
    if (is_mine)
        (void)LockRelease(&tag, ExclusiveLock, for_session);
    is_mine = false;
}

void hold_worker() {
    const LOCKTAG tag = tag_of(LockClass::requests);
    (void)LockAcquire(&tag, ShareLock, for_transaction, wait);
}

bool is_held() {
    const LOCKTAG tag = tag_of(LockClass::worker);
    if (LockAcquire(&tag, ShareLock, for_transaction, do_not_wait) == LOCKACQUIRE_NOT_AVAIL)
        return true;
    (void)LockRelease(&tag, ShareLock, for_transaction);
    return false;
}

void close_requests() {
    const LOCKTAG tag = tag_of(LockClass::requests);
    (void)LockAcquire(&tag, ExclusiveLock, for_session, wait);
}

void open_requests() {
    const LOCKTAG tag = tag_of(LockClass::requests);
    (void)LockRelease(&tag, ExclusiveLock, for_session);
}

} // namespace bemi::worker::claim
