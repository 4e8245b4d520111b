// The operations of changes, and sets of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace bemi::decode {

/// A baseline is no operation of anybody: the worker writes that the row is there.
enum class Operation : uint8_t { create, update, erase, truncate, baseline };

constexpr std::string_view name_of(Operation operation) {
    constexpr std::string_view names[] = {"CREATE", "UPDATE", "DELETE", "TRUNCATE", "BASELINE"};
    return names[static_cast<unsigned>(operation)];
}

class OperationSet {
public:
    static constexpr OperationSet all() { return OperationSet{0xF}; }
    static constexpr OperationSet none() { return OperationSet{0}; }

    [[nodiscard]] constexpr bool has(Operation operation) const { return (bits_ & bit(operation)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    constexpr void add(Operation operation) { bits_ |= bit(operation); }
    constexpr void remove(Operation operation) { bits_ &= static_cast<uint8_t>(~bit(operation)); }

private:
    explicit constexpr OperationSet(uint8_t bits) : bits_{bits} {}
    static constexpr uint8_t bit(Operation operation) {
        return static_cast<uint8_t>(1U << static_cast<unsigned>(operation));
    }

    uint8_t bits_;
};

} // namespace bemi::decode
