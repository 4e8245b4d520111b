// Bytes as hexadecimal digits. This file does not need PostgreSQL.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

namespace bemi {

/// Writes two digits for each of `size` bytes; returns the end of what it wrote.
inline char *put_hex(char *out, const void *bytes, size_t size) {
    struct Pair {
        char digits[2];
    };
    static constexpr auto pairs = [] {
        constexpr char digits[] = "0123456789abcdef";
        std::array<Pair, 256> table{};
        for (size_t byte = 0; byte < table.size(); byte++)
            table[byte] = {{digits[byte >> 4], digits[byte & 0xF]}};
        return table;
    }();

    const auto *byte = static_cast<const unsigned char *>(bytes);
    for (size_t i = 0; i < size; i++, out += sizeof(Pair))
        std::memcpy(out, pairs[byte[i]].digits, sizeof(Pair));
    return out;
}

/// The length of the text form of a UUID.
inline constexpr size_t uuid_text_size = 36;

/// Writes the 16 bytes of a UUID in text form; returns the end of what it wrote.
inline char *put_uuid(char *out, const void *bytes) {
    const auto *byte = static_cast<const unsigned char *>(bytes);
    for (const size_t group : {4, 2, 2, 2}) {
        out = put_hex(out, byte, group);
        *out++ = '-';
        byte += group;
    }
    return put_hex(out, byte, 6);
}

} // namespace bemi
