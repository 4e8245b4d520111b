#include "history/past_rows.hpp"

#include "base/spi.hpp"
#include "base/text.hpp"
#include "history/first_changes.hpp"
#include "history/key_writer.hpp"
#include "history/present_rows.hpp"
#include "history/row_reader.hpp"

namespace bemi::history {
namespace {

/// Waits until all changes are stored that were committed before the call. On a standby nobody stores them.
void sync() {
    static constinit SPIPlanPtr plan = nullptr;
    if (!RecoveryInProgress())
        select(saved(plan, "SELECT bemi.sync()", {}), nullptr, nullptr, [](TupleTableSlot *) {});
}

void require_past(Oid relation, const Cut &cut) {
    static constinit SPIPlanPtr plan = nullptr;
    static constexpr Oid types[] = {OIDOID, TIMESTAMPTZOID, INT8OID};
    const Datum values[] = {ObjectIdGetDatum(relation), TimestampTzGetDatum(cut.at),
                            Int64GetDatum(cut.last.position)};
    const bool nulls[] = {false, !cut.by_time, cut.by_time};
    select(saved(plan, "SELECT bemi.require_past($1, $2, $3)", types), values, nulls,
           [](TupleTableSlot *) {});
}

class PastRows {
public:
    PastRows(Relation relation, const Datum *keys, const RowSink &sink)
        : relation_{relation}, keys_{keys}, sink_{sink} {}

    /// Reads what is stored. The snapshot `table` is that in which the present rows will be read.
    void read_history(const Moment &moment, Snapshot table) {
        cut_ = cut_of(moment);
        require_past(RelationGetRelid(relation_), cut_);
        past_ = past_of(relation_);
        reader_.open(relation_, past_.shape_at(cut_));
        first_.collect({.past = &past_, .cut = &cut_, .visible = table, .relation = relation_}, keys_);
    }

    void give_unchanged_rows() {
        key_.open(RelationGetDescr(relation_), past_.key);
        present_.open(relation_, past_);
        const auto use = [this](const Datum *values, const bool *nulls) {
            give_unless_changed(values, nulls);
        };
        if (keys_ == nullptr)
            return present_.for_each(use);
        for_each_key([&](std::string_view key) {
            present_.for_each_of(key, [&](const Datum *values, const bool *nulls) {
                if (key_.text_of(values, nulls) == key)
                    give_unless_changed(values, nulls);
            });
        });
    }

    void give_changed_rows() {
        MemoryContext memory =
                          AllocSetContextCreate(CurrentMemoryContext, "bemi row", ALLOCSET_DEFAULT_SIZES),
                      caller = MemoryContextSwitchTo(memory);
        first_.for_each([&](const FirstChange &first) {
            CHECK_FOR_INTERRUPTS();
            if (first.before == nullptr)
                return;
            reader_.read(first.before, past_.shape_at(first.place), first.change);
            give();
            MemoryContextReset(memory);
        });
        MemoryContextSwitchTo(caller);
    }

private:
    void give_unless_changed(const Datum *values, const bool *nulls) {
        if (first_.has(key_.text_of(values, nulls)))
            return;
        reader_.set(values, nulls);
        give();
    }

    void give() { sink_.use(sink_.closure, reader_.values(), reader_.nulls()); }

    template <typename Use> void for_each_key(Use &&use) {
        Datum *keys;
        bool *nulls;
        int count;
        deconstruct_array(DatumGetArrayTypeP(*keys_), TEXTOID, -1, false, TYPALIGN_INT, &keys, &nulls,
                          &count);
        KeyTable<Wanted> wanted;
        wanted.open(CurrentMemoryContext);
        for (int i = 0; i < count; i++)
            if (!nulls[i])
                wanted.add(view_of(DatumGetTextPP(keys[i])));
        wanted.for_each([&](const Wanted &key) { use(key.key); });
    }

    struct Wanted {
        std::string_view key;
        uint32 hash;
    };

    Relation relation_;
    const Datum *keys_;
    const RowSink &sink_;
    RelationPast past_{};
    Cut cut_{};
    FirstChanges first_{};
    PresentRows present_{};
    KeyWriter key_{};
    RowReader reader_{};
};

/// Makes the snapshot active, but for what the own transaction has done: that is not stored before its
/// commit.
template <typename Body> void with_committed(Snapshot snapshot, Body &&body) {
    PushCopiedSnapshot(snapshot);
    GetActiveSnapshot()->curcid = FirstCommandId;
    body();
    PopActiveSnapshot();
}

} // namespace

void find_past_rows(Relation relation, const Moment &moment, const Datum *keys, const RowSink &sink) {
    Snapshot table = RegisterSnapshot(GetActiveSnapshot());
    spi::connected([&] {
        PastRows rows{relation, keys, sink};
        if (!moment.needs_history())
            (void)cut_of(moment); // its errors come before those of the worker
        sync();
        with_snapshot(GetLatestSnapshot(), [&] { rows.read_history(moment, table); });
        with_committed(table, [&] { rows.give_unchanged_rows(); });
        rows.give_changed_rows();
    });
    UnregisterSnapshot(table);
}

} // namespace bemi::history
