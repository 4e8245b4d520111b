#include "base/stored_key.hpp"

#include "base/hex.hpp"
#include "base/text.hpp"

namespace bemi {

std::string_view hash_of(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    const Datum bytes = PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
    const std::string_view hash = view_of(DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, bytes)));
    const size_t size = prefix.size() + 2 * hash.size();
    auto *out = static_cast<char *>(palloc(size + 1));
    memcpy(out, prefix.data(), prefix.size());
    *put_hex(out + prefix.size(), hash.data(), hash.size()) = '\0';
    return {out, size};
}

} // namespace bemi
