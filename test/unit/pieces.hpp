// Random bytes that are likely to be a text of some grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

/// The bytes as a text, in which each of the last sixteen bytes stands for a piece of the grammar.
inline std::string text_of_pieces(const uint8_t *data, size_t size, const char *const (&pieces)[16]) {
    std::string text;
    for (size_t i = 0; i < size; ++i) {
        if (data[i] >= 0xf0)
            text += pieces[data[i] - 0xf0];
        else
            text += static_cast<char>(data[i]);
    }
    return text;
}
