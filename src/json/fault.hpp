// Says in plain words what is wrong with a JSON text that was rejected, and where.
#pragma once

#include "json/object.hpp"

namespace bemi::json_object {

/// Describes a fault of the text's syntax, of which the parser only said that it is at or before `stop`.
[[nodiscard]] Fault explain_syntax(std::string_view json, bool utf8, size_t stop) noexcept;

/// Describes that nothing but an object will do. The text is valid JSON.
[[nodiscard]] Fault explain_not_an_object(std::string_view json) noexcept;

[[nodiscard]] Fault make_fault(Fault::Kind kind, size_t offset, std::string_view reason) noexcept;

} // namespace bemi::json_object
