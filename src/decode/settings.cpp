#include "settings.hpp"

namespace bemi::decode {

namespace {

constexpr int no_level = 0;

struct Setting {
    const char *name;
    const char *value;
};

constexpr Setting settings[] = {
    {"DateStyle", "ISO"},        {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"},
    {"extra_float_digits", "1"}, {"bytea_output", "hex"},
};

} // namespace

int fix_settings() {
    const bool in_transaction = IsTransactionState();
    const int level = in_transaction ? NewGUCNestLevel() : no_level;
    const bool change_value = true, is_reload = false;
    const int default_error_level = 0;
    for (const Setting &setting : settings)
        (void)set_config_option(setting.name, setting.value, PGC_USERSET, PGC_S_SESSION,
                                in_transaction ? GUC_ACTION_SAVE : GUC_ACTION_SET, change_value,
                                default_error_level, is_reload);
    return level;
}

void restore_settings(int level) {
    const bool is_commit = true;
    if (level != no_level)
        AtEOXact_GUC(is_commit, level);
}

} // namespace bemi::decode
