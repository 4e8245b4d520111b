#include "base/tracking_options.hpp"

#include <algorithm>

namespace bemi {

namespace {

constexpr std::string_view requirements[] = {"off", "warning", "error"};

struct Identity {
    char code;
    std::string_view name;
};
// The name of the index follows after the blank.
constexpr Identity identities[] = {{'d', "default"}, {'n', "nothing"}, {'f', "full"}, {'i', "index "}};

bool take_identity(TrackingOptions &options, std::string_view value) {
    for (const Identity &identity : identities) {
        const bool has_index = identity.code == 'i';
        if (has_index ? !value.starts_with(identity.name) || value == identity.name : value != identity.name)
            continue;
        options.identity = identity.code;
        options.identity_index = has_index ? value.substr(identity.name.size()) : std::string_view();
        return true;
    }
    return false;
}

bool take_flag(bool &flag, std::string_view value, std::string_view expected) {
    if (value != expected)
        return false;
    flag = true;
    return true;
}

/// Removes a number from the start of `text`, and the character behind it. Leaves `text` as it is if it
/// begins otherwise.
bool skip_number(std::string_view &text, char behind, size_t max_size) {
    const size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    if (size == 0 || size > max_size || size == text.size() || text[size] != behind)
        return false;
    text.remove_prefix(size + 1);
    return true;
}

bool take_retention(TrackingOptions &options, std::string_view value) {
    if (!is_retention(value))
        return false;
    options.chosen.retention = value;
    return true;
}

} // namespace

// No number is so large that a time before now by so much would be none.
bool is_retention(std::string_view text) {
    if (!text.starts_with('P') || text.size() < 2)
        return false;
    text.remove_prefix(1);
    (void)skip_number(text, 'M', 4);
    (void)skip_number(text, 'D', 6);
    if (!text.starts_with('T'))
        return text.empty();
    text.remove_prefix(1);
    (void)skip_number(text, '.', 9);
    return skip_number(text, 'S', 9) && text.empty();
}

std::string_view level_name(Level level) {
    return level == Level::row ? "row" : "statement";
}

bool find_level(std::string_view name, Level &level) {
    for (const Level one : {Level::row, Level::statement})
        if (level_name(one) == name) {
            level = one;
            return true;
        }
    return false;
}

std::string_view requirement_name(Requirement requirement) {
    return requirements[static_cast<size_t>(requirement)];
}

bool find_requirement(std::string_view name, Requirement &requirement) {
    for (const Requirement one : {Requirement::off, Requirement::warning, Requirement::error})
        if (requirement_name(one) == name) {
            requirement = one;
            return true;
        }
    return false;
}

std::string_view identity_name(char identity) {
    for (const Identity &one : identities)
        if (one.code == identity)
            return one.name;
    return identities[0].name;
}

bool take_argument(TrackingOptions &options, std::string_view argument) {
    const size_t equals = argument.find('=');
    if (equals == std::string_view::npos)
        return false;
    const std::string_view key = argument.substr(0, equals), value = argument.substr(equals + 1);
    if (key == "level")
        return find_level(value, options.chosen.level);
    if (key == "require_context")
        return find_requirement(value, options.chosen.require_context);
    if (key == "identity")
        return take_identity(options, value);
    if (key == "rule")
        return take_flag(options.by_schema, value, "schema");
    if (key == "retention")
        return take_retention(options, value);
    if (key == "skip_unchanged")
        return take_flag(options.chosen.skip_unchanged, value, "true");
    return column_pattern(argument).has_value();
}

} // namespace bemi
