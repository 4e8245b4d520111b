// Describes for users what is wrong with a JSON text that was rejected, and where.
#pragma once

#include "json/object.hpp"

namespace bemi::json {

/// Describes the fault in the text's syntax. The parser has stopped at `stop`; the fault may be before it.
[[nodiscard]] Fault explain_syntax(std::string_view json, bool utf8, size_t stop) noexcept;

/// Describes what the text, valid JSON, is instead of an object.
[[nodiscard]] Fault explain_not_an_object(std::string_view json) noexcept;

/// A fault with this description, which it cuts if it is too long.
[[nodiscard]] Fault make_fault(Fault::Kind kind, size_t offset, std::string_view reason) noexcept;

} // namespace bemi::json
