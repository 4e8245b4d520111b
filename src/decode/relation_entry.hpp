// What writing the changes of a relation needs from the catalogs. An entry is built once and cached, so that
// a row needs no look-up.
#pragma once

#include "decode/column_rules.hpp"
#include "decode/options/options.hpp"
#include "decode/tracking.hpp"
#include "decode/values/value_writer.hpp"

namespace bemi::decode {

/// One row, filled by deform() in row.hpp.
struct Row {
    Datum *values;
    bool *nulls;
    bool present;
    Bitmapset *unreadable; // indexes of the values that cannot be written; NULL if all can
};

/// Where a member of an object was written in the output.
struct WrittenMember {
    size_t start;
    size_t size; // 0: the member was not written
};

struct RelationEntry {
    Oid oid;
    const char *schema;
    Tracking tracking;
    ColumnRules rules;
    bool included; // in what the client asks for; the fields below are set only if true
    const char *table;
    std::string_view names; // ,"schema":"public","table":"todo"

    std::span<ColumnWriter> columns;  // without excluded ones
    std::span<ColumnWriter> identity; // the columns that old rows contain
    bool has_identity;
    std::span<ColumnWriter> primary_key; // in the order of the key; none if the rules hide a part of it
    FmgrInfo key_output;                 // its output function, if the key has one column
    ValueWriter::Risk risk;              // the greatest risk among the columns
    bool uses_row_type;
    bool uses_settings;      // whether the text of any value does
    bool warned_no_identity; // each warning is given once
    bool warned_unreadable;

    std::string_view state; // what Format::table_state() made, until it is written

    Row old_row;
    Row new_row;
    WrittenMember *old_members; // of the old row that was written last, by column
};

struct Format;

/// Makes the entry in the current memory context. Reads the catalogs under the historic snapshot.
[[nodiscard]] RelationEntry *make_relation_entry(Relation relation, const Format &format,
                                                 const Options &options);

/// Each writes a comma and a member: the name of the schema, or of the table.
void write_schema_name(json::Writer &out, const RelationEntry &entry);
void write_table_name(json::Writer &out, const RelationEntry &entry);

} // namespace bemi::decode
