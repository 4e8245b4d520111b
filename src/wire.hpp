// What the trigger writes and the output plugin reads: the only thing that src/context and src/decode share.
#pragma once

namespace bemi {

// The prefix of the logical messages that carry a context, the same that BemiHQ's own triggers use. The
// content is one JSON object in UTF-8, in force for the rows of its transaction that follow it.
inline constexpr char context_prefix[] = "_bemi";

} // namespace bemi
