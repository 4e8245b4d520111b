// All that is known of a relation before its first row is written, so that a row needs no catalog.
#pragma once

#include "decode/options/options.hpp"
#include "decode/tracking.hpp"
#include "decode/values/value_writer.hpp"

namespace bemi::decode {

/// One row, taken apart by deform() in row.hpp.
struct Row {
    Datum *values;
    bool *nulls;
    bool present;
    Bitmapset *unreadable; // indexes of values that cannot be written; NULL in general
};

/// Where in the output a member of an object was written.
struct WrittenMember {
    size_t start;
    size_t size; // 0: nowhere
};

struct RelationEntry {
    const char *schema;
    Tracking tracking;
    bool included; // all that follows is set only if it is
    const char *table;
    std::string_view names; // ,"schema":"public","table":"todo"

    std::span<ColumnWriter> columns;
    std::span<ColumnWriter> identity; // the columns that old rows have
    bool has_identity;
    std::span<ColumnWriter> primary_key; // in the order of the key
    FmgrInfo key_output;                 // of a primary key of one column
    ValueWriter::Risk risk;              // the greatest of its columns
    bool uses_row_type;
    bool uses_settings;      // the text of some value does
    bool warned_no_identity; // that changes are left out
    bool warned_unreadable;

    Row old_row;
    Row new_row;
    WrittenMember *old_members; // by column, of the old row as it was last written
};

struct Format;

/// Makes the entry in the current memory context, under the historic snapshot.
[[nodiscard]] RelationEntry *make_relation_entry(Relation relation, const Format &format,
                                                 const Options &options);

/// Write a member each, after a comma: the schema's name, and the table's.
void write_schema_name(JsonWriter &out, const RelationEntry &entry);
void write_table_name(JsonWriter &out, const RelationEntry &entry);

} // namespace bemi::decode
