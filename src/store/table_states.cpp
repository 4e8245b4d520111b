#include "store/table_states.hpp"

#include "base/baselines.hpp"
#include "base/names.hpp"
#include "base/own_triggers.hpp"
#include "base/transaction.hpp"
#include "store/jsonb.hpp"
#include "store/progress.hpp"
#include "store/server_rows.hpp"
#include "table_message.hpp"

namespace bemi::store::table_states {
namespace {

using decode::TableRecord;

constexpr char of_table[] = " WHERE system_identifier = $1 AND database = $2 AND relation = $3";

/// The last row of a table.
struct Row {
    const char *schema; // NULL: the table has no row
    const char *table;
    bool is_open;
    bool ended_by_partition;
    bool was_untracked;
    XLogRecPtr from;
    XLogRecPtr to; // if it is not open
};

/// A statement with the key of bemi.tracking as its first parameters. %s in it stands for the WHERE clause.
class Statement {
public:
    void execute(const char *sql, Oid relation, std::initializer_list<spi::Argument> more = {}) {
        constexpr int max_arguments = 8;
        Oid types[max_arguments];
        Datum values[max_arguments];
        int count = 0;
        for (const spi::Argument &argument :
             {spi::server(), spi::Argument{OIDOID, ObjectIdGetDatum(MyDatabaseId)},
              spi::Argument{OIDOID, ObjectIdGetDatum(relation)}}) {
            types[count] = argument.type;
            values[count++] = argument.value;
        }
        for (const spi::Argument &argument : more) {
            types[count] = argument.type;
            values[count++] = argument.value;
        }
        if (plan_ == nullptr)
            plan_ = spi::prepare(psprintf(sql, of_table), {types, static_cast<size_t>(count)});
        spi::execute(plan_, values);
    }

private:
    SPIPlanPtr plan_ = nullptr;
};

const char *text_or_null(int column) {
    bool is_null;
    const Datum value = spi::value(column, &is_null);
    return is_null ? nullptr : TextDatumGetCString(value);
}

spi::Argument position(XLogRecPtr value) {
    return spi::integer(static_cast<int64>(value));
}

Row last_row(Oid relation) {
    static constinit Statement statement;
    statement.execute("SELECT schema, \"table\", to_position, reason LIKE 'partition \"%%', from_position,"
                      "  coalesce(reason = 'the table is not tracked', false)"
                      " FROM bemi.tracking%s ORDER BY from_position DESC LIMIT 1",
                      relation);
    if (SPI_processed == 0)
        return {};
    bool is_open, is_null;
    const Datum to = spi::value(3, &is_open);
    const Datum by_partition = spi::value(4, &is_null);
    return {.schema = text_or_null(1),
            .table = text_or_null(2),
            .is_open = is_open,
            .ended_by_partition = !is_null && DatumGetBool(by_partition),
            .was_untracked = DatumGetBool(spi::value(6)),
            .from = static_cast<XLogRecPtr>(DatumGetInt64(spi::value(5))),
            .to = is_open ? InvalidXLogRecPtr : static_cast<XLogRecPtr>(DatumGetInt64(to))};
}

void end(Oid relation, const TableRecord &at, const char *reason) {
    static constinit Statement statement;
    statement.execute("UPDATE bemi.tracking SET to_position = $4, to_time = $5, reason = $6%s"
                      " AND to_position IS NULL",
                      relation,
                      {position(at.commit_position), spi::timestamp(at.committed_at), spi::text(reason)});
}

/// Replaces the reason in the last row.
void end_again(Oid relation, const char *reason) {
    static constinit Statement statement;
    statement.execute("UPDATE bemi.tracking SET reason = $4%s AND from_position = ("
                      " SELECT max(from_position) FROM bemi.tracking"
                      " WHERE system_identifier = $1 AND database = $2 AND relation = $3)",
                      relation, {spi::text(reason)});
}

void begin(Oid relation, const Row &names, const progress::Start &start) {
    static constinit Statement statement;
    statement.execute("INSERT INTO bemi.tracking (system_identifier, database, relation, schema, \"table\","
                      "  from_position, from_time) VALUES ($1, $2, $3, $4, $5, $6, $7)"
                      " ON CONFLICT (system_identifier, database, relation, from_position)"
                      "  DO UPDATE SET to_position = NULL, to_time = NULL, reason = NULL",
                      relation,
                      {spi::text(names.schema), spi::text(names.table), position(start.position),
                       spi::timestamp(start.time)});
}

/// Why the changes of some partition of the table are not complete; NULL if those of all are.
const char *incomplete_partition(Oid relation) {
    static constinit Statement statement;
    statement.execute(
        "SELECT format('partition \"%%s.%%s\": %%s', s.schema, s.\"table\", coalesce(t.reason, 'the table is "
        "not tracked'))"
        " FROM (SELECT DISTINCT relation FROM bemi.shapes"
        "       WHERE system_identifier = $1 AND database = $2 AND root = $3 AND relation <> $3) AS p"
        " CROSS JOIN LATERAL (SELECT * FROM bemi.shapes"
        "  WHERE system_identifier = $1 AND database = $2 AND relation = p.relation"
        "  ORDER BY from_position DESC, from_sequence DESC LIMIT 1) AS s"
        " LEFT JOIN LATERAL (SELECT * FROM bemi.tracking"
        "  WHERE system_identifier = $1 AND database = $2 AND relation = p.relation"
        "  ORDER BY from_position DESC LIMIT 1) AS t ON true"
        " WHERE s.root = $3 AND (t.relation IS NULL OR t.to_position IS NOT NULL)"
        "  AND EXISTS (SELECT FROM pg_class WHERE oid = p.relation)"
        " LIMIT 1",
        relation);
    return SPI_processed == 0 ? nullptr : text_or_null(1);
}

/// What a record says of a table.
struct State {
    Row names;
    Oid root;
    const char *incomplete; // why changes may be missing; NULL if they are complete
};

State state_of(const TableRecord &table) {
    if (table.state_json.empty())
        return {.names = {}, .root = InvalidOid, .incomplete = "the table was dropped"};
    static constinit SPIPlanPtr plan = nullptr;
    constexpr Oid types[] = {JSONBOID};
    if (plan == nullptr)
        plan = spi::prepare(
            "SELECT schema, \"table\", root, incomplete"
            " FROM jsonb_to_record($1) AS s (schema text, \"table\" text, root oid, incomplete text)",
            types);
    Datum values[] = {jsonb_of(table.state_json)};
    spi::execute(plan, values);
    Row names{};
    names.schema = text_or_null(1);
    names.table = text_or_null(2);
    return {.names = names, .root = DatumGetObjectId(spi::value(3)), .incomplete = text_or_null(4)};
}

progress::Start start_at(const TableRecord &table) {
    return {.position = table.commit_position, .time = table.committed_at};
}

/// From where on the changes of a table are complete that was not seen being altered: it was tracked before
/// the slot was made, or has no row because something else than bemi has tracked it.
progress::Start start_of_unseen(const TableRecord &table, const Row &last) {
    const progress::Start first = progress::start();
    return last.schema == nullptr || last.to <= first.position ? first : start_at(table);
}

/// The history of the relation cannot be followed across this commit, unless its row begins there anyway.
void interrupt(Oid relation, const Row &last, const TableRecord &table, const char *reason) {
    if (last.from == table.commit_position)
        return;
    end(relation, table, reason);
    begin(relation, last, start_at(table));
    baselines::request_again(relation, last.schema, last.table);
}

constexpr char rewritten[] = "ALTER TABLE has changed values without changes";

/// Begins a row, and ends it at once if a partition is incomplete: then the row says so.
void begin_own(const TableRecord &table, const State &state, const Row &last) {
    const bool was_seen = table.event != TableEvent::changed && table.event != TableEvent::found;
    const char *reason = incomplete_partition(table.relation);
    const bool is_known = was_seen || reason != nullptr;
    begin(table.relation, state.names, is_known ? start_at(table) : start_of_unseen(table, last));
    if (reason != nullptr)
        end(table.relation, table, reason);
    else if (!last.was_untracked) // then it is up to bemi.track()
        baselines::request_again(table.relation, state.names.schema, state.names.table);
}

void note_own(const TableRecord &table, const State &state, const Row &last) {
    if (last.is_open && state.incomplete != nullptr)
        end(table.relation, table, state.incomplete);
    else if (last.is_open && table.event == TableEvent::rewritten)
        interrupt(table.relation, last, table, rewritten);
    else if (!last.is_open && state.incomplete == nullptr)
        begin_own(table, state, last);
    else if (last.ended_by_partition) // and now it is incomplete itself
        end_again(table.relation, state.incomplete);
}

/// What a record about a partition means for the table at the top, `root`.
class RootNote {
public:
    RootNote(const TableRecord &table, const State &state, const Row &partition, Oid former_root)
        : table_{table}, state_{state}, former_root_{former_root}, name_{state.names.schema != nullptr
                                                                             ? state.names
                                                                             : partition} {}

    void operator()(Oid root) const {
        const Row last = last_row(root);
        if (root == table_.relation || last.schema == nullptr)
            return;
        const char *what = break_of(root);
        if (!last.is_open) {
            if (last.ended_by_partition && incomplete_partition(root) == nullptr)
                begin(root, last, start_at(table_));
        } else if (root == state_.root && state_.incomplete != nullptr) {
            end(root, table_, what != nullptr ? what : reason(":", state_.incomplete));
        } else if (what != nullptr) {
            interrupt(root, last, table_, what);
        }
    }

private:
    const char *break_of(Oid root) const {
        if (table_.state_json.empty())
            return reason("", "was dropped");
        if (table_.event == TableEvent::rewritten)
            return reason(":", rewritten);
        if (table_.event == TableEvent::moved_rows)
            return reason("",
                          root == state_.root ? "was attached with its rows" : "was detached with its rows");
        return nullptr;
    }

    const char *reason(const char *separator, const char *what) const {
        return psprintf("partition \"%s.%s\"%s %s", name_.schema, name_.table, separator, what);
    }

    const TableRecord &table_;
    const State &state_;
    Oid former_root_;
    Row name_;
};

} // namespace

void note(const TableRecord &table, Oid former_root) {
    const State state = state_of(table);
    const Row last = last_row(table.relation);
    note_own(table, state, last);
    const RootNote note_root{table, state, last, former_root};
    if (OidIsValid(state.root))
        note_root(state.root);
    if (OidIsValid(former_root) && former_root != state.root)
        note_root(former_root);
}

void end_all(const char *reason) {
    bool is_installed = false;
    in_transaction([&] { is_installed = OidIsValid(names::installed_relation("tracking")); });
    if (is_installed)
        in_owners_transaction([&] {
            const char *own = server_rows::condition();
            spi::run(psprintf("UPDATE bemi.tracking SET to_time = now(), reason = $1,"
                              "  to_position = (SELECT position - '0/0' FROM bemi.progress%s)%s"
                              " AND to_position IS NULL",
                              own, own),
                     {spi::text(reason)});
        });
}

void look_at_all() {
    in_owners_transaction([] {
        // Partitions come first: the row of a partitioned table depends on them.
        List *tables = spi::select_oids(
            psprintf("SELECT coalesce(tracked.relation, open.relation)"
                     " FROM (SELECT tgrelid AS relation FROM pg_trigger WHERE tgname = '~bemi_truncate'"
                     "        AND tgfoid = $1) AS tracked"
                     " FULL JOIN (SELECT relation FROM bemi.tracking%s AND to_position IS NULL) AS open"
                     "  ON open.relation = tracked.relation"
                     " LEFT JOIN pg_class c ON c.oid = tracked.relation"
                     " WHERE tracked.relation IS NULL OR open.relation IS NULL"
                     " ORDER BY c.relkind = 'p' NULLS FIRST",
                     server_rows::condition()),
            {{OIDOID, ObjectIdGetDatum(emit_function())}});
        for (int i = 0; i < list_length(tables); i++)
            table_message::write({list_nth_oid(tables, i), TableEvent::found});
    });
    XLogFlush(XactLastCommitEnd);
}

} // namespace bemi::store::table_states
