// bemi.versions(): all versions of the rows of a table in a time.
#include "base/boundary.hpp"
#include "base/spi.hpp"
#include "history/json_call.hpp"
#include "history/past_rows.hpp"
#include "history/relation.hpp"
#include "history/row_reader.hpp"
#include "history/row_set.hpp"
#include "history/store.hpp"
#include "history/timeline.hpp"

namespace bemi::history {
namespace {

/// A time of commit, or none.
struct Bound {
    TimestampTz time;
    bool is_known;
};

class Ranges {
public:
    void open() { set_function(constructor_, F_TSTZRANGE_TIMESTAMPTZ_TIMESTAMPTZ, TIMESTAMPTZOID); }

    /// The tstzrange with the lower bound and without the upper one.
    [[nodiscard]] Datum range_of(Bound lower, Bound upper) {
        LOCAL_FCINFO(fcinfo, 2);
        InitFunctionCallInfoData(*fcinfo, &constructor_, 2, InvalidOid, nullptr, nullptr);
        fcinfo->args[0] = {TimestampTzGetDatum(lower.time), !lower.is_known};
        fcinfo->args[1] = {TimestampTzGetDatum(upper.time), !upper.is_known};
        return FunctionCallInvoke(fcinfo);
    }

private:
    FmgrInfo constructor_;
};

class Versions {
public:
    Versions(Relation relation, TimestampTz until, const Datum *keys, const RowSet &result)
        : relation_{relation}, until_{until}, keys_{keys}, result_{result} {}

    void find(const Moment &since) {
        Snapshot visible = RegisterSnapshot(GetActiveSnapshot());
        const RowSink first_versions{
            [](void *closure, std::string_view key, const Datum *values, const bool *nulls) {
                static_cast<Versions *>(closure)->give_first(key, values, nulls);
            },
            this};
        spi::connected([&] {
            cut_ = cut_of(since); // its errors come before those of the worker
            sync();
            with_snapshot(GetLatestSnapshot(), [&] { read_history(visible); });
            find_past_rows(relation_, since, keys_, first_versions);
            with_snapshot(GetLatestSnapshot(), [&] { give_changes(visible); });
        });
        UnregisterSnapshot(visible);
    }

private:
    void read_history(Snapshot visible) {
        require_past(RelationGetRelid(relation_), cut_);
        past_ = past_of(relation_);
        if (!past_.has_key_since(cut_))
            ereport(ERROR,
                    (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                     errmsg("rows of table \"%s\" cannot be followed", RelationGetRelationName(relation_)),
                     errdetail("They had no primary key, or another one, or a deferrable one.")));
        columns_ = lookup_rowtype_tupdesc_copy(relation_->rd_rel->reltype, -1);
        reader_.open(relation_, shape_of_today(relation_));
        ranges_.open();
        timeline_.open();
        moves_.open(CurrentMemoryContext);
        const Changes changes{relation_, &past_, &cut_, visible};
        if (changes.has_truncation())
            ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                            errmsg("table \"%s\" was truncated since that moment",
                                   RelationGetRelationName(relation_)),
                            errdetail("The versions of its rows cannot be read past that."),
                            errhint("bemi.as_of() and bemi.history() can.")));
        if (keys_ == nullptr)
            moves_.find_all(changes);
        else
            moves_.find_of_keys(changes, *keys_);
        for_each_change(changes, [this](const StoredChange &change) {
            timeline_.add(change.key, change.place, change.committed_at);
        });
        moves_.for_each(changes, [this](const StoredChange &change) {
            if (change.committed_at <= until_)
                timeline_.add(moves_.old_key_of(*change.id), change.place, change.committed_at);
        });
    }

    /// Calls `use` for the changes in the time that are stored under one of the keys.
    template <typename Use> void for_each_change(const Changes &changes, Use &&use) {
        const auto use_in_time = [&](const StoredChange &change) {
            if (change.committed_at <= until_)
                use(change);
        };
        if (keys_ == nullptr)
            changes.for_each_of_table(use_in_time);
        else
            changes.for_each_of_keys(*keys_, use_in_time);
    }

    /// A version that was there at the begin of the time.
    void give_first(std::string_view key, const Datum *values, const bool *nulls) {
        const Datum row[] = {row_of(values, nulls), ranges_.range_of({}, end_of(key, begin_of_time)), 0, 0,
                             0};
        const bool row_nulls[] = {false, false, true, true, true};
        add_row(result_, row, row_nulls);
    }

    void give_changes(Snapshot visible) {
        const Changes changes{relation_, &past_, &cut_, visible};
        for_each_change(changes, [this](const StoredChange &change) { give_change(change); });
    }

    void give_change(const StoredChange &change) {
        const Datum json = change.deletes ? change.before : change.after;
        reader_.read(DatumGetJsonbP(json), past_.shape_at(change.place), *change.id);
        const Bound begin{change.committed_at, true},
            end = change.deletes ? begin : end_of(change.key, change.place);
        const char *operation = change.creates ? "CREATE" : change.deletes ? "DELETE" : "UPDATE";
        const Datum row[] = {row_of(reader_.values(), reader_.nulls()), ranges_.range_of(begin, end),
                             CStringGetTextDatum(operation), change.context, UUIDPGetDatum(change.id)};
        const bool nulls[5] = {};
        add_row(result_, row, nulls);
    }

    [[nodiscard]] Datum row_of(const Datum *values, const bool *nulls) {
        return HeapTupleGetDatum(
            heap_form_tuple(columns_, const_cast<Datum *>(values), const_cast<bool *>(nulls)));
    }

    [[nodiscard]] Bound end_of(std::string_view key, Place place) {
        Bound end{};
        end.is_known = timeline_.end_of(key, place, &end.time);
        return end;
    }

    Relation relation_;
    TimestampTz until_;
    const Datum *keys_;
    const RowSet &result_;
    Cut cut_{};
    RelationPast past_{};
    TupleDesc columns_{};
    Timeline timeline_{};
    Moves moves_{};
    RowReader reader_{};
    Ranges ranges_{};
};

} // namespace
} // namespace bemi::history

using namespace bemi::history;

BEMI_FUNCTION(bemi_versions) {
    enum { rowtype, since, until, keys };
    Relation relation = open_table_of(get_fn_expr_argtype(fcinfo->flinfo, rowtype));
    TupleDesc columns;
    (void)get_call_result_type(fcinfo, nullptr, &columns);
    const RowSet result = begin_rows(fcinfo, columns);
    Moment begin{};
    memset(begin.nulls, true, sizeof(begin.nulls));
    begin.values[0] = PG_GETARG_DATUM(since);
    begin.nulls[0] = PG_ARGISNULL(since);
    const TimestampTz end = PG_ARGISNULL(until) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(until);
    if (!PG_ARGISNULL(since) && end < PG_GETARG_TIMESTAMPTZ(since))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("until must not be before since")));
    const Datum wanted = PG_GETARG_DATUM(keys);
    Versions versions{relation, end, PG_ARGISNULL(keys) ? nullptr : &wanted, result};
    versions.find(begin);
    relation_close(relation, NoLock);
    return Datum(0);
}
