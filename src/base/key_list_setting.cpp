#include "base/key_list_setting.hpp"

namespace bemi {
namespace {

/// The keys as a KeyList has them; NULL if there is no memory.
char *as_block(List *keys) {
    size_t size = 1;
    for (int i = 0; i < list_length(keys); i++)
        size += strlen(static_cast<const char *>(list_nth(keys, i))) + 1;
    auto *block = static_cast<char *>(compat::guc_alloc(size));
    if (block == nullptr)
        return nullptr;
    char *out = block;
    for (int i = 0; i < list_length(keys); i++)
        out = stpcpy(out, static_cast<const char *>(list_nth(keys, i))) + 1;
    *out = '\0';
    return block;
}

bool has_empty(List *keys) {
    for (int i = 0; i < list_length(keys); i++)
        if (*static_cast<const char *>(list_nth(keys, i)) == '\0')
            return true;
    return false;
}

} // namespace

bool check_key_list(char **value, void **extra, GucSource) {
    char *text = pstrdup(*value);
    List *keys = NIL;
    const bool is_valid = SplitGUCList(text, ',', &keys) && !has_empty(keys);
    if (is_valid)
        *extra = as_block(keys);
    else
        GUC_check_errdetail("It must be a list of keys, with commas between them.");
    list_free(keys);
    pfree(text);
    return is_valid && *extra != nullptr;
}

} // namespace bemi
