// What triggers and worker write and the output plugin reads: the only thing that src/context and src/decode
// share.
#pragma once

namespace bemi {

// The prefix of the logical messages that carry a context, the same that BemiHQ's own triggers use. The
// content is one JSON object in UTF-8, in force for the rows of its transaction that follow it.
inline constexpr char context_prefix[] = "_bemi";

// The prefix of the message with which a transaction of the worker's begins that stores changes.
inline constexpr char store_prefix[] = "_bemi_store";

} // namespace bemi
