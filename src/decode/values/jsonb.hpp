// Writes jsonb values without a look-up of their output function.
#pragma once

#include "json/writer.hpp"

namespace bemi::decode {

/// Writes the value without the blanks that jsonb_out puts between elements.
void write_jsonb(json::Writer &out, Jsonb *jsonb);

} // namespace bemi::decode
