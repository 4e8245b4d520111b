// The keys that a setting lists, such as those of bemi.sqlcommenter.
#pragma once

#include <cstddef>
#include <string_view>

namespace bemi {

/// A list of keys in one block of bytes: each key ends with a zero byte, and an empty one ends the list.
class KeyList {
public:
    constexpr KeyList() = default;
    constexpr explicit KeyList(const char *bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] constexpr bool is_empty() const noexcept { return *bytes_ == '\0'; }

    /// Whether `condition(key)` is true for a key of the list.
    template <typename Condition> [[nodiscard]] constexpr bool any(Condition &&condition) const {
        for (const char *at = bytes_; *at != '\0';) {
            const std::string_view key(at);
            if (condition(key))
                return true;
            at += key.size() + 1;
        }
        return false;
    }

    /// All bytes of the list, without the zero byte at its end.
    [[nodiscard]] constexpr std::string_view bytes() const noexcept {
        size_t size = 0;
        (void)any([&size](std::string_view key) {
            size += key.size() + 1;
            return false;
        });
        return {bytes_, size};
    }

private:
    const char *bytes_ = "";
};

} // namespace bemi
