#include "guc.hpp"

#include "base/key_list_setting.hpp"
#include "base/text.hpp"
#include "json/object.hpp"

#include <string_view>

namespace bemi::guc {

char *context;
bool enabled = true;
unsigned capture = 0;
int max_context_size = 1024 * 1024;
char *comment_affix;
KeyList sqlcommenter;
int require_context = static_cast<int>(Requirement::off);
KeyList required_keys;
char *retention;
int sync_timeout = 10 * 1000;
int partition_interval = interval_month;
uint64 generation = 0;

namespace {

constexpr config_enum_entry partition_intervals[] = {
    {"day", interval_day, false},         {"week", interval_week, false}, {"month", interval_month, false},
    {"quarter", interval_quarter, false}, {"year", interval_year, false}, {nullptr, 0, false},
};

constexpr config_enum_entry requirements[] = {
    {"off", static_cast<int>(Requirement::off), false},
    {"warning", static_cast<int>(Requirement::warning), false},
    {"error", static_cast<int>(Requirement::error), false},
    {nullptr, 0, false},
};

// Settings as written, whose values are `capture`, `sqlcommenter` and `required_keys`.
char *capture_list, *sqlcommenter_list, *required_keys_list;

struct FactName {
    const char *name;
    Fact fact;
};
constexpr FactName fact_names[] = {
    {"sql", fact_sql},
    {"user", fact_user},
    {"session_user", fact_session_user},
    {"application_name", fact_application_name},
    {"client_addr", fact_client_addr},
    {"backend_pid", fact_backend_pid},
};

bool refuse_size(size_t size) {
    GUC_check_errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED);
    GUC_check_errmsg("value for parameter \"bemi.context\" is too large");
    GUC_check_errdetail("It has %zu bytes; \"bemi.max_context_size\" allows %d.", size, max_context_size);
    GUC_check_errhint(
        "Keep the context to what identifies the change, or increase \"bemi.max_context_size\".");
    return false;
}

bool refuse_json(const json::Fault &fault) {
    using Kind = json::Fault::Kind;
    GUC_check_errcode(fault.kind == Kind::syntax         ? ERRCODE_INVALID_TEXT_REPRESENTATION
                      : fault.kind == Kind::number_range ? ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE
                                                         : ERRCODE_INVALID_PARAMETER_VALUE);
    // The message does not show the value: a context may contain what does not belong into the log.
    GUC_check_errmsg("invalid value for parameter \"bemi.context\"");
    GUC_check_errdetail("At byte %zu: %s.", fault.offset + 1, fault.reason);
    GUC_check_errhint("Set it to a JSON object, such as '{\"user_id\": 7}', or to '' for no context.");
    return false;
}

bool check_context(char **value, void **, GucSource) {
    const std::string_view json(*value);
    json::Fault fault;
    // A parallel worker gets the value that its leader has accepted, maybe before it gets
    // bemi.max_context_size.
    if (json.empty() || InitializingParallelWorker)
        return true;
    if (json.size() > static_cast<size_t>(max_context_size))
        return refuse_size(json.size());
    return json::validate(json, database_is_utf8(), &fault) || refuse_json(fault);
}

void assign_context(const char *, void *) {
    generation++;
}

void count_change(int, void *) {
    generation++;
}

bool add_fact(const char *name, unsigned *facts) {
    for (const FactName &known : fact_names)
        if (strcmp(known.name, name) == 0) {
            *facts |= known.fact;
            return true;
        }
    GUC_check_errdetail("Unrecognized server fact: \"%s\".", name);
    GUC_check_errhint("Valid values are \"sql\", \"user\", \"session_user\", \"application_name\", "
                      "\"client_addr\" and \"backend_pid\".");
    return false;
}

bool check_capture(char **value, void **extra, GucSource) {
    char *list_text = pstrdup(*value);
    List *names = NIL;
    unsigned facts = 0;
    bool valid = SplitIdentifierString(list_text, ',', &names);

    if (!valid)
        GUC_check_errdetail("List syntax is invalid.");
    for (int i = 0; valid && i < list_length(names); i++)
        valid = add_fact(static_cast<const char *>(list_nth(names, i)), &facts);
    list_free(names);
    pfree(list_text);
    if (!valid)
        return false;

    auto *result = static_cast<unsigned *>(compat::guc_alloc(sizeof(unsigned)));
    if (result == nullptr)
        return false;
    *result = facts;
    *extra = result;
    return true;
}

void assign_capture(const char *, void *extra) {
    capture = *static_cast<unsigned *>(extra);
    generation++;
}

void assign_sqlcommenter(const char *, void *extra) {
    sqlcommenter = KeyList(static_cast<const char *>(extra));
    generation++;
}

void assign_required_keys(const char *, void *extra) {
    required_keys = KeyList(static_cast<const char *>(extra));
    generation++;
}

bool check_comment_affix(char **value, void **, GucSource) {
    const size_t length = strlen(*value);
    if (length < NAMEDATALEN && strcspn(*value, " \t\n\r\f\v*/{}'\"\\") == length)
        return true;
    GUC_check_errdetail(
        "It must be one word of at most %d bytes without white space, quotes, braces, \"*\", \"/\" and "
        "backslash. An empty value turns context comments off.",
        NAMEDATALEN - 1);
    return false;
}

std::optional<double> days_of(const char *interval) {
    char buffer[MAXDATELEN];
    char *fields[MAXDATEFIELDS];
    int types[MAXDATEFIELDS], count;
    if (ParseDateTime(interval, buffer, sizeof(buffer), fields, types, MAXDATEFIELDS, &count) != 0)
        return std::nullopt;
    return compat::days_of_interval(fields, types, count);
}

bool check_retention(char **value, void **, GucSource) {
    constexpr double max_days = 1000 * 365.25; // now() minus the interval must be a valid timestamp
    if ((*value)[0] == '\0')
        return true;
    const std::optional<double> days = days_of(*value);
    if (days > 0.0 && days < max_days)
        return true;
    if (days)
        GUC_check_errdetail("It must be positive and less than 1000 years.");
    GUC_check_errhint("Set it to an interval such as '90 days', or to '' to keep all changes.");
    return false;
}

} // namespace

void define() {
    // The check of bemi.context needs this value, so it is defined first. It is one value for the whole
    // server, so that a context that a session accepts is not too large for the output plugin.
    DefineCustomIntVariable("bemi.max_context_size", "Sets the largest context that is accepted.",
                            "A larger setting is an error, a larger SQL comment is ignored.",
                            &max_context_size, 1024 * 1024, 1024, 64 * 1024 * 1024, PGC_SIGHUP, GUC_UNIT_BYTE,
                            nullptr, count_change, nullptr);
    DefineCustomStringVariable(
        "bemi.context", "Sets the context of the changes that follow.",
        "A JSON object, for example with the user and the request; empty for no context.", &context, "",
        PGC_USERSET, 0, check_context, assign_context, nullptr);
    DefineCustomBoolVariable("bemi.enabled", "Lets the triggers write the context to the WAL.", nullptr,
                             &enabled, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "bemi.capture", "Lists the facts that the server adds to the context.",
        "Valid values are sql, user, session_user, application_name, client_addr, backend_pid.",
        &capture_list, "", PGC_SUSET, GUC_LIST_INPUT, check_capture, assign_capture, nullptr);
    DefineCustomStringVariable("bemi.comment_affix", "Sets the word around the JSON of a context comment.",
                               "With the default: /*Bemi {\"user_id\": 7} Bemi*/. Empty turns comments off.",
                               &comment_affix, "Bemi", PGC_SUSET, 0, check_comment_affix, assign_context,
                               nullptr);
    DefineCustomStringVariable(
        "bemi.sqlcommenter", "Lists the keys of the context that comments of sqlcommenter may set.",
        "Such a comment is /*key='value',key='value'*/. The list may have * for all keys.",
        &sqlcommenter_list, "", PGC_SUSET, GUC_LIST_INPUT, check_key_list, assign_sqlcommenter, nullptr);
    DefineCustomEnumVariable(
        "bemi.require_context", "Sets what a write to a tracked table gets that has no context.",
        "Or lacks one of the keys in bemi.required_keys.", &require_context,
        static_cast<int>(Requirement::off), requirements, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "bemi.required_keys", "Lists the keys that a context must have where one is required.",
        "Where it is required: by bemi.require_context, and by the option of a tracked table.",
        &required_keys_list, "", PGC_SUSET, GUC_LIST_INPUT, check_key_list, assign_required_keys, nullptr);
    DefineCustomStringVariable(
        "bemi.retention", "Sets how long changes are kept in bemi.changes.",
        "Partitions that are older than this interval are dropped. Empty keeps all changes.", &retention, "",
        PGC_SUSET, 0, check_retention, nullptr, nullptr);
    DefineCustomEnumVariable("bemi.partition_interval",
                             "Sets the range of time of new partitions of bemi.changes.",
                             "Existing partitions are not changed.", &partition_interval, interval_month,
                             partition_intervals, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("bemi.sync_timeout",
                            "Sets how long bemi.sync() waits if its argument \"timeout\" is not given.",
                            "This also applies to functions that call bemi.sync().", &sync_timeout,
                            sync_timeout, 1, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    compat::reserve_guc_prefix("bemi");
}

} // namespace bemi::guc
