// SQL from C++: the DDL runs as the caller, so that PostgreSQL's own rules about ownership hold; bemi's own
// tables are written as the owner of the extension. Every SQL function that gets here has SET search_path =
// pg_catalog, pg_temp, but for the event triggers, whose SQL names the schema of all that it uses.
#pragma once

#include "base/compat.hpp"

#include <initializer_list>
#include <span>

namespace bemi::spi {

struct Argument {
    Oid type;
    Datum value;
    bool is_null = false;
};

inline Argument oid(Oid value) {
    return {REGCLASSOID, ObjectIdGetDatum(value), !OidIsValid(value)};
}
inline Argument text(const char *value) {
    return {TEXTOID, value ? CStringGetTextDatum(value) : Datum(0), value == nullptr};
}
inline Argument character(char value) {
    return {CHAROID, CharGetDatum(value)};
}
inline Argument timestamp(TimestampTz value) {
    return {TIMESTAMPTZOID, TimestampTzGetDatum(value)};
}
inline Argument lsn(XLogRecPtr value) {
    return {LSNOID, LSNGetDatum(value)};
}
inline Argument integer(int64 value) {
    return {INT8OID, Int64GetDatum(value)};
}
inline Argument boolean(bool value) {
    return {BOOLOID, BoolGetDatum(value)};
}

[[nodiscard]] Oid extension_owner();

/// Runs one statement as the current user. Between SPI_connect() and SPI_finish().
void run(const char *sql, std::initializer_list<Argument> arguments = {});

/// Prepares a statement for the rest of the session; to be run by execute() as often as needed.
[[nodiscard]] SPIPlanPtr prepare(const char *sql, std::span<const Oid> types);
void execute(SPIPlanPtr plan, Datum *values);

/// A value of the latest result: of a column, counted from 1, in a row, counted from 0.
[[nodiscard]] inline Datum value(int column, bool *is_null, uint64 row = 0) {
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, is_null);
}
/// The same where it cannot be null.
[[nodiscard]] inline Datum value(int column, uint64 row = 0) {
    bool is_null;
    return value(column, &is_null, row);
}

/// The same as the owner of the extension, with an SPI connection of its own.
void run_as_owner(const char *sql, std::initializer_list<Argument> arguments = {});

/// The current user is the owner of the extension from here on. Whoever owns the tables may have put
/// triggers, policies and expressions of his own there: they run with his rights, and may leave nothing that
/// PostgreSQL would run later with those of the session, such as a deferred trigger or a cursor.
void become_owner();

/// Runs `body` with an SPI connection of its own. The settings that it changes, maybe in a trigger, are those
/// of before again behind it.
template <typename Body> void connected(Body &&body) {
    const bool keep = false;
    const int settings = NewGUCNestLevel();
    SPI_connect();
    body();
    SPI_finish();
    AtEOXact_GUC(keep, settings);
}

/// Runs `body` as the owner of the extension, with an SPI connection of its own.
template <typename Body> void as_owner(Body &&body) {
    Oid caller;
    int security;
    // An ERROR in between restores both, with the (sub)transaction.
    GetUserIdAndSecContext(&caller, &security);
    become_owner();
    connected(body);
    SetUserIdAndSecContext(caller, security);
}

/// The first column of what `sql` returns, all of type oid or regclass, allocated in the caller's memory
/// context.
[[nodiscard]] List *select_oids(const char *sql, std::initializer_list<Argument> arguments = {});

/// The same where it is of type name, as strings; or of a type that is a pointer in truth.
[[nodiscard]] List *select_names(const char *sql);
[[nodiscard]] List *select_pointers(const char *sql);

} // namespace bemi::spi
