// SQL commands from C++. bemi's own tables are written as the owner of the extension. What runs as the owner
// finds only what is in pg_catalog; what runs as the caller qualifies every name and operator, unless its SQL
// function has SET search_path = pg_catalog, pg_temp.
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
/// The system identifier of this server.
inline Argument server() {
    return integer(static_cast<int64>(GetSystemIdentifier()));
}
inline Argument boolean(bool value) {
    return {BOOLOID, BoolGetDatum(value)};
}

/// The role that owns bemi's tables. ERROR if they do not exist.
[[nodiscard]] Oid extension_owner();

/// Runs one statement as the current user. Call it between SPI_connect() and SPI_finish().
void run(const char *sql, std::initializer_list<Argument> arguments = {});

/// Prepares a statement for the rest of the session.
[[nodiscard]] SPIPlanPtr prepare(const char *sql, std::span<const Oid> types);

/// Runs a prepared statement as the current user. Call it between SPI_connect() and SPI_finish().
void execute(SPIPlanPtr plan, Datum *values);

/// A value of the latest result. Columns are counted from 1, rows from 0.
[[nodiscard]] inline Datum value(int column, bool *is_null, uint64 row = 0) {
    return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, is_null);
}

/// A value of the latest result that cannot be null.
[[nodiscard]] inline Datum value(int column, uint64 row = 0) {
    bool is_null;
    return value(column, &is_null, row);
}

/// Runs one statement as the owner of the extension, with an SPI connection of its own.
void run_as_owner(const char *sql, std::initializer_list<Argument> arguments = {});

/// Makes the owner of the extension the current user, in a security-restricted operation. The owner may have
/// put triggers, policies and expressions on bemi's tables: they run with the owner's privileges, and cannot
/// leave a deferred trigger or a cursor that would run later with the privileges of the session.
void become_owner();

/// Names and operators without a schema are those of pg_catalog until the settings are restored: the owner
/// must not run functions that the caller has put in front of them.
void hide_callers_schemas();

/// Runs `body` with an SPI connection of its own. Afterwards settings that it has changed, for example in a
/// trigger, have their former values.
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
    // After an ERROR the end of the (sub)transaction restores both.
    GetUserIdAndSecContext(&caller, &security);
    become_owner();
    connected([&body] {
        hide_callers_schemas();
        body();
    });
    SetUserIdAndSecContext(caller, security);
}

/// The first column of the result, of type oid or regclass, in the caller's memory context.
[[nodiscard]] List *select_oids(const char *sql, std::initializer_list<Argument> arguments = {});

/// The first column of the result, of type name, as C strings in the caller's memory context.
[[nodiscard]] List *select_names(const char *sql);

/// The first column of the result, of a type such as pg_ddl_command whose values are pointers.
[[nodiscard]] List *select_pointers(const char *sql);

} // namespace bemi::spi
