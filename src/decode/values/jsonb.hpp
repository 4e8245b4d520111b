// The text of jsonb values.
#pragma once

#include "json/writer.hpp"

namespace bemi::decode {

void write_jsonb(JsonWriter &out, Jsonb *jsonb);

} // namespace bemi::decode
