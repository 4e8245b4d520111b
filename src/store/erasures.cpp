#include "store/erasures.hpp"

#include "base/spi.hpp"
#include "store/jsonb.hpp"

namespace bemi::store {

void Erasures::open() {
    memory_ = CurrentMemoryContext;
    requests_ = NIL;
}

void Erasures::add(const decode::ErasureRecord &erasure) {
    MemoryContext caller = MemoryContextSwitchTo(memory_);
    auto *copy = static_cast<decode::ErasureRecord *>(palloc(sizeof(decode::ErasureRecord)));
    *copy = erasure;
    copy->request_json = {pnstrdup(erasure.request_json.data(), erasure.request_json.size()),
                          erasure.request_json.size()};
    requests_ = lappend(requests_, copy);
    MemoryContextSwitchTo(caller);
}

const decode::ErasureRecord &Erasures::take_first() {
    const auto &first = *static_cast<const decode::ErasureRecord *>(linitial(requests_));
    requests_ = list_delete_first(requests_);
    return first;
}

} // namespace bemi::store

namespace bemi::store::erasures {

void perform(const decode::ErasureRecord &erasure) {
    spi::run("SELECT bemi.store_erasure($1, $2, $3, $4, $5, $6)",
             {spi::Argument{UUIDOID, PointerGetDatum(erasure.id)}, spi::timestamp(erasure.committed_at),
              spi::integer(static_cast<int64>(erasure.transaction_id)),
              spi::integer(static_cast<int64>(erasure.position)),
              spi::integer(static_cast<int64>(erasure.commit_position)),
              spi::Argument{JSONBOID, jsonb_of(erasure.request_json)}});
}

} // namespace bemi::store::erasures
