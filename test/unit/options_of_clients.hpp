// The options of a client, parsed as the output plugin does.
#pragma once

#include "decode/formats/bemi_options.hpp"
#include "decode/formats/wal2json/options.hpp"

#include <array>

namespace bemi::decode {

constexpr FormatOptions internal_options{.name = "internal", .is_internal = true, .definitions = {}};

inline Options parse(std::vector<Argument> arguments) {
    const std::array formats{&bemi_options, &wal2json::version_2_options, &wal2json::version_1_options,
                             &internal_options};
    return parse_options(arguments, formats);
}

/// Message, detail and hint of the error, one a line; empty if there is none.
inline std::string refusal_of(std::vector<Argument> arguments) {
    try {
        (void)parse(std::move(arguments));
    } catch (const OptionError &error) {
        return std::string{error.what()} + '\n' + error.detail + '\n' + error.hint;
    }
    return "";
}

} // namespace bemi::decode
