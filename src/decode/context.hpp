// The context of a transaction's changes. Messages carry its two parts: the claim of the application, and the
// facts that the server attests (wire.hpp).
#pragma once

#include "decode/txn.hpp"

namespace bemi::decode {

/// Sets the claim for the changes that follow from the content of a message. Anyone can write such a message:
/// content that is not a JSON object claims nothing, but still ends the former claim. Allocates in the
/// current memory context.
void set_claim(Txn &txn, std::string_view content);

/// Sets the facts for the changes that follow from the content of a message, which must have been found
/// genuine. Allocates in the current memory context.
void set_facts(Txn &txn, std::string_view content);

// A savepoint owns the texts that were set before it. They stay in force until a message replaces them.

/// Returns the texts with their ownership, which `texts` loses.
[[nodiscard]] ContextTexts move_texts(ContextTexts &texts);
/// Takes the ownership of those `older` texts that were not replaced since, and frees the others.
void adopt_older(ContextTexts &texts, ContextTexts &older);
/// Frees the texts that `texts` owns.
void free_texts(ContextTexts &texts);

} // namespace bemi::decode
