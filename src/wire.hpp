// The logical messages that triggers and workers write and the output plugin reads. Nothing else is shared by
// context/ and decode/.
#pragma once

#include "json/object.hpp"

#include <string_view>

namespace bemi {

// The prefix of messages with a claim: the context that the application gives to the changes that follow in
// its transaction. The content is a JSON object in UTF-8. Any role can write such a message, and the triggers
// of BemiHQ's packages do.
inline constexpr char claim_prefix[] = "_bemi";

// The prefix of the message with which the worker begins a transaction that stores changes.
inline constexpr char store_prefix[] = "_bemi_store";

// The prefix of messages with the facts that the server states about the changes that follow. The content is
// a JSON object in UTF-8, the value of the key `pg` of the context. Only attested messages (attested.hpp)
// count.
inline constexpr char facts_prefix[] = "_bemi_facts";

// The prefix of the message with which bemi.erase() asks the worker to erase values: attested, because it
// removes what is stored. The content is a JSON object in the encoding of the database.
inline constexpr char erasure_prefix[] = "_bemi_erasure";

namespace wire {

/// Merges `patch` over `base`; each is a valid JSON object or empty. The result is in the current memory
/// context and ends with a zero byte.
[[nodiscard]] std::string_view merge(std::string_view base, std::string_view patch, json::Nulls nulls);

/// Removes the key `pg`, which only facts may set, from `claim`, a valid JSON object. Returns `claim` itself
/// if it has no such key, else a copy in the current memory context.
[[nodiscard]] std::string_view checked_claim(std::string_view claim);

/// Builds the context of a change: the members of the claim, then `SQL` if the facts have the statement, then
/// `pg`. Each argument is a valid JSON object or empty. Returns `claim` itself if there are no facts, else a
/// copy in the current memory context.
[[nodiscard]] std::string_view context_of(std::string_view claim, std::string_view facts);

} // namespace wire
} // namespace bemi
