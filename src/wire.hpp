// What triggers and worker write and the output plugin reads: the only thing that src/context and src/decode
// share.
#pragma once

#include "json/object.hpp"

#include <string_view>

namespace bemi {

// The prefix of the logical messages that carry a claim: what the application says of the changes of its
// transaction that follow. The content is a JSON object in UTF-8. BemiHQ's own triggers write such messages,
// and so can any role.
inline constexpr char claim_prefix[] = "_bemi";

// The prefix of the message with which a transaction of the worker's begins that stores changes.
inline constexpr char store_prefix[] = "_bemi_store";

// The prefix of the messages that carry what the server itself says of these changes, attested
// (attested.hpp): the JSON object in UTF-8 that becomes the key `pg` of the context.
inline constexpr char facts_prefix[] = "_bemi_facts";

namespace wire {

/// `base` with the members of `patch` over its own; each is a valid JSON object or empty. In the current
/// memory context, with a zero byte behind it.
[[nodiscard]] std::string_view merge(std::string_view base, std::string_view patch, json_object::Nulls nulls);

/// `claim`, a valid JSON object, without what only facts may say; in the current memory context if it is not
/// the same.
[[nodiscard]] std::string_view checked_claim(std::string_view claim);

/// The context that follows from the two, each a valid JSON object or empty: the members of the claim, then
/// `SQL` if the facts have the statement, then `pg`. In the current memory context if it is not the claim.
[[nodiscard]] std::string_view context_of(std::string_view claim, std::string_view facts);

} // namespace wire
} // namespace bemi
