#include "decode/formats.hpp"

namespace bemi::decode {

namespace {

constexpr const Format *all[] = {
    &bemi_format,
    &wal2json::version_2_format,
    &wal2json::version_1_format,
    &change_row_format,
};

} // namespace

std::span<const Format *const> formats() {
    return all;
}

const Format &format_of(const FormatOptions &options) {
    for (const Format *format : all)
        if (&format->options == &options)
            return *format;
    pg_unreachable();
}

} // namespace bemi::decode
