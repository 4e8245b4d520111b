#include "context/facts.hpp"

#include "context/statement.hpp"

namespace bemi::context::facts {
namespace {

// The facts that can change within a session, as the last append() has found them.
constinit Oid user = InvalidOid;
constinit Oid session_user = InvalidOid;
char seen_application_name[NAMEDATALEN] = "";

void append_key(StringInfo json, const char *key) {
    const char last = json->data[json->len - 1];
    appendStringInfo(json, "%s\"%s\":", last == '{' ? "" : ",", key);
}

/// The name as valid text of this database, with '?' for bytes that are not ASCII where it is not: a role's
/// name is in the encoding of the database in which it was created.
const char *as_text(const char *name) {
    const bool no_error = true;
    if (pg_verifymbstr(name, static_cast<int>(strlen(name)), no_error))
        return name;
    char *text = pstrdup(name);
    for (char *p = text; *p != '\0'; p++)
        if (IS_HIGHBIT_SET(*p))
            *p = '?';
    return text;
}

void append_string(StringInfo json, const char *key, const char *value) {
    append_key(json, key);
    if (value == nullptr)
        appendStringInfoString(json, "null");
    else
        escape_json(json, as_text(value));
}

/// The client's address as inet_client_addr() returns it; NULL for a Unix-domain socket.
const char *client_addr() {
    LOCAL_FCINFO(call, 0);
    InitFunctionCallInfoData(*call, nullptr, 0, InvalidOid, nullptr, nullptr);
    const Datum address = inet_client_addr(call);
    return call->isnull ? nullptr : DatumGetCString(DirectFunctionCall1(inet_out, address));
}

/// Appends the statement, cut to bemi.max_context_size.
void append_statement(StringInfo json) {
    const std::string_view text = statement::text_without_comments();
    if (text.empty())
        return;
    const int length = pg_mbcliplen(text.data(), static_cast<int>(text.size()), guc::max_context_size);
    append_string(json, "sql", pnstrdup(text.data(), static_cast<Size>(length)));
}

void append_session(StringInfo json) {
    user = GetUserId();
    session_user = GetSessionUserId();
    strlcpy(seen_application_name, application_name ? application_name : "", sizeof(seen_application_name));

    if (guc::capture & guc::fact_user)
        append_string(json, "user", GetUserNameFromId(user, true));
    if (guc::capture & guc::fact_session_user)
        append_string(json, "session_user", GetUserNameFromId(session_user, true));
    if (guc::capture & guc::fact_application_name)
        append_string(json, "application_name", seen_application_name);
    if (guc::capture & guc::fact_client_addr)
        append_string(json, "client_addr", client_addr());
    if (guc::capture & guc::fact_backend_pid) {
        append_key(json, "backend_pid");
        appendStringInfo(json, "%d", MyProcPid);
    }
}

} // namespace

bool changed() {
    const unsigned captured = guc::capture;
    return ((captured & guc::fact_user) && user != GetUserId()) ||
           ((captured & guc::fact_session_user) && session_user != GetSessionUserId()) ||
           ((captured & guc::fact_application_name) && application_name != nullptr &&
            strcmp(seen_application_name, application_name) != 0);
}

void append(StringInfo json) {
    appendStringInfoChar(json, '{');
    if (guc::capture & guc::fact_sql)
        append_statement(json);
    append_session(json);
    appendStringInfoChar(json, '}');
}

} // namespace bemi::context::facts
