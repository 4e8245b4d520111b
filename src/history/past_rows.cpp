#include "history/past_rows.hpp"

#include "base/spi.hpp"
#include "history/first_changes.hpp"
#include "history/forward.hpp"
#include "history/key_writer.hpp"
#include "history/present_rows.hpp"
#include "history/relation.hpp"
#include "history/row_counts.hpp"
#include "history/row_reader.hpp"
#include "history/store.hpp"
#include "history/wanted_keys.hpp"

namespace bemi::history {
namespace {

/// Tells which values may be of a later time, if any: updates of these columns alone are not stored.
void tell_of_ignored(Relation relation, const Shape &then) {
    StringInfoData names;
    initStringInfo(&names);
    for (int i = 0; i < RelationGetDescr(relation)->natts; i++)
        if (then.ignored[i] && then.names[i] != nullptr)
            appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
                             NameStr(TupleDescAttr(RelationGetDescr(relation), i)->attname));
    if (names.len > 0)
        ereport(NOTICE, (errmsg("ignored columns of table \"%s\" may have later values: %s",
                                RelationGetRelationName(relation), names.data),
                         errdetail("Updates of ignored columns alone are not stored.")));
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
        is_keyed_ = past_.has_key_since(cut_);
        prepare();
        const Changes changes{relation_, &past_, &cut_, table};
        is_forward_ = is_keyed_ && changes.has_truncation();
        if (is_forward_)
            give_rows_forward();
        else if (is_keyed_)
            first_.collect(changes, keys_);
        else
            counts_.collect(relation_, changes);
    }

    /// Whether the rows were read from the changes alone, and there are no others.
    [[nodiscard]] bool is_forward() const { return is_forward_; }

    void give_unchanged_rows() {
        const auto use = [this](const Datum *values, const bool *nulls) {
            const std::string_view key = key_.text_of(values, nulls);
            const bool has_changed = is_keyed_ ? first_.has(key) : counts_.take(values, nulls);
            if (has_changed || (keys_ != nullptr && !wanted_.has(key)))
                return;
            reader_.set(values, nulls);
            give(key);
        };
        if (is_keyed_ && keys_ != nullptr)
            wanted_.for_each([&](std::string_view key) { present_.for_each_of(key, use); });
        else
            present_.for_each(use);
    }

    void give_changed_rows() {
        MemoryContext memory =
                          AllocSetContextCreate(CurrentMemoryContext, "bemi row", ALLOCSET_DEFAULT_SIZES),
                      caller = MemoryContextSwitchTo(memory);
        const auto use = [&](const Jsonb *row, Place place, const pg_uuid_t &change) {
            CHECK_FOR_INTERRUPTS();
            reader_.read(row, past_.shape_at(place), change);
            const std::string_view key = key_.text_of(reader_.values(), reader_.nulls());
            if (is_keyed_ || keys_ == nullptr || wanted_.has(key))
                give(key);
            MemoryContextReset(memory);
        };
        if (is_keyed_)
            first_.for_each_gone(
                [&](const FirstChange &gone) { use(gone.detail->before, gone.place, gone.detail->change); });
        else
            counts_.for_each_gone([&](const RowCount &gone) { use(gone.row, gone.place, gone.change); });
        MemoryContextSwitchTo(caller);
    }

private:
    void give_rows_forward() {
        ForwardRows{RelationGetRelid(relation_), cut_}.for_each([this](const ForwardRow &row) {
            CHECK_FOR_INTERRUPTS();
            if (keys_ != nullptr && !wanted_.has(row.key))
                return;
            reader_.read(row.row, past_.shape_at(cut_), *row.change);
            give(row.key);
        });
    }

    void prepare() {
        const Shape then = past_.shape_since(cut_);
        tell_of_ignored(relation_, then);
        reader_.open(relation_, then);
        present_.open(relation_, past_);
        key_.open(RelationGetDescr(relation_), past_.key);
        if (keys_ == nullptr)
            return;
        if (past_.key.empty())
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                            errmsg("table \"%s\" has no primary key", RelationGetRelationName(relation_)),
                            errhint("Leave out the argument keys.")));
        wanted_.open(*keys_);
    }

    void give(std::string_view key) { sink_.use(sink_.closure, key, reader_.values(), reader_.nulls()); }

    Relation relation_;
    const Datum *keys_;
    const RowSink &sink_;
    RelationPast past_{};
    Cut cut_{};
    bool is_keyed_{};
    bool is_forward_{};
    FirstChanges first_{}; // if rows have a key
    RowCounts counts_{};   // if they have none
    WantedKeys wanted_{};
    PresentRows present_{};
    KeyWriter key_{};
    RowReader reader_{};
};

} // namespace

void find_past_rows(Relation relation, const Moment &moment, const Datum *keys, const RowSink &sink) {
    require_old_files(RelationGetRelid(relation));
    Snapshot table = RegisterSnapshot(GetActiveSnapshot());
    spi::connected([&] {
        PastRows rows{relation, keys, sink};
        if (!moment.needs_history())
            (void)cut_of(moment); // its errors come before those of the worker
        sync();
        with_snapshot(GetLatestSnapshot(), [&] { rows.read_history(moment, table); });
        if (rows.is_forward())
            return;
        with_committed(table, [&] { rows.give_unchanged_rows(); });
        rows.give_changed_rows();
    });
    UnregisterSnapshot(table);
}

} // namespace bemi::history
