// The context of a transaction's changes, as its messages say it: what the application claims, and the facts
// that the server attests (wire.hpp).
#pragma once

#include "decode/txn.hpp"

namespace bemi::decode {

/// Takes the content of a message as what is claimed of the changes that follow, in the current memory
/// context. Anyone can write such a message: one that is not a JSON object claims nothing, and ends the claim
/// before it.
void set_claim(Txn &txn, std::string_view content);

/// Takes the content of a message that was found to be genuine as the facts about the changes that follow, in
/// the current memory context.
void set_facts(Txn &txn, std::string_view content);

// A savepoint owns what was said before it. It stays in force until it is said anew.

[[nodiscard]] ContextTexts move_texts(ContextTexts &texts);
/// Takes over from the savepoint `older` what was not said anew since, and gives back the rest.
void adopt_older(ContextTexts &texts, ContextTexts &older);
void free_texts(ContextTexts &texts);

} // namespace bemi::decode
