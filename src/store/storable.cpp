#include "store/storable.hpp"

#include "base/stored_key.hpp"
#include "base/text.hpp"
#include "json/writer.hpp"
#include "store/jsonb.hpp"

#include <algorithm>

namespace bemi::store::storable {
namespace {

/// The position behind the string that begins at `at`.
const char *end_of_string(const char *at) {
    while (*++at != '"')
        if (*at == '\\')
            at++;
    return at + 1;
}

/// The comma or bracket behind the value that begins at `at`.
const char *end_of_value(const char *at) {
    for (int depth = 0;; at++) {
        while (*at == '"')
            at = end_of_string(at);
        if (depth == 0 && (*at == ',' || *at == '}'))
            return at;
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
    }
}

const char *skip_blanks(const char *at) {
    return at + strspn(at, " \t\n\r");
}

std::string_view between(const char *start, const char *end) {
    return {start, static_cast<size_t>(end - start)};
}

std::string_view without_last_blanks(std::string_view json) {
    return json.substr(0, json.find_last_not_of(" \t\n\r") + 1);
}

struct Member {
    std::string_view key; // with its quotes
    std::string_view value;
};

/// Calls `use` for each member of a JSON object that is known to be valid.
template <typename Use> void for_each_member(std::string_view object, Use &&use) {
    const char *at = skip_blanks(object.data());
    while (*(at = skip_blanks(at + 1)) == '"') {
        const char *end_of_key = end_of_string(at), *value = skip_blanks(skip_blanks(end_of_key) + 1),
                   *end = end_of_value(value);
        use(Member{between(at, end_of_key), without_last_blanks(between(value, end))});
        at = end;
    }
}

std::string_view string_of(std::string_view text) {
    return json::text_of([text](json::Writer &out) { out.string(text); });
}

/// The error that an object of this member alone raises as jsonb; NULL if it raises none.
const ErrorData *misfit_of(const Member &member) {
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext memory = AllocSetContextCreate(caller, "bemi value", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(memory);
    const std::string_view object = json::text_of([&](json::Writer &out) {
        out.raw('{');
        out.raw(member.key);
        out.raw(':');
        out.raw(member.value);
        out.raw(std::string_view{"}", 2});
    });
    Datum jsonb;
    const ErrorData *misfit = try_jsonb(object, &jsonb);
    MemoryContextSwitchTo(caller);
    if (misfit != nullptr) {
        auto *kept = static_cast<ErrorData *>(palloc0(sizeof(ErrorData)));
        kept->sqlerrcode = misfit->sqlerrcode;
        kept->message = pstrdup(misfit->message);
        misfit = kept;
    }
    MemoryContextDelete(memory);
    return misfit;
}

/// Whether the primary key does not fit into an index.
bool is_too_long(std::string_view key) {
    return key.size() > longest_key;
}

/// Writes an object again, with values that jsonb can hold.
class Rewriting {
public:
    /// `whole` is the error that the object as a whole has raised.
    Rewriting(const char *name, size_t largest, const ErrorData &whole)
        : name_{name}, largest_{largest}, whole_{whole} {
        initStringInfo(&object_);
        initStringInfo(&changes_);
    }

    [[nodiscard]] std::string_view run(std::string_view json) {
        json::Writer out{&object_};
        out.enclosed('{', '}', [&] {
            for_each_member(json, [&](const Member &member) {
                const Member written = storable(member);
                out.raw(',');
                out.raw(written.key);
                out.raw(':');
                out.raw(written.value);
            });
        });
        out.raw('\0');
        return view_of(object_);
    }

    void note(errors::Loss &loss) const {
        const ErrorData &reason = reason_ != nullptr ? *reason_ : whole_;
        loss.add(view_of(changes_), reason.sqlerrcode, reason.message);
    }

private:
    Member storable(const Member &member) {
        const bool is_large = member.value.size() > largest_;
        const ErrorData *misfit = is_large ? &whole_ : misfit_of(member);
        if (misfit == nullptr)
            return member;
        Member written{member.key, "null"};
        if (misfit_of(written) != nullptr)
            written.key = string_of(member.key.substr(1, member.key.size() - 2));
        written.value = string_of(member.value);
        const bool is_text = !is_large && misfit_of(written) == nullptr;
        if (!is_text)
            written.value = string_of(hash_of(member.value));
        reason_ = reason_ != nullptr ? reason_ : misfit;
        appendStringInfo(&changes_, ", %s.%.*s as %s", name_, static_cast<int>(member.key.size()),
                         member.key.data(), is_text ? "text" : "sha256");
        return written;
    }

    const char *name_;
    size_t largest_; // larger values become hashes
    const ErrorData &whole_;
    const ErrorData *reason_ = nullptr;
    StringInfoData object_;
    StringInfoData changes_;
};

} // namespace

Datum jsonb_of(std::string_view json, const char *name, errors::Loss &loss) {
    constexpr size_t least = 256; // a table has at most 1,600 columns, and jsonb 256 MB
    Datum jsonb;
    const ErrorData *error = try_jsonb(json, &jsonb);
    // At first only values that do not fit by themselves are replaced. If the object is too large as a whole,
    // the largest values become hashes, at first few of them.
    for (size_t largest = MaxAllocSize; error != nullptr; largest /= 4) {
        if (largest < least)
            ReThrowError(const_cast<ErrorData *>(error));
        Rewriting rewriting{name, largest, *error};
        error = try_jsonb(rewriting.run(json), &jsonb);
        if (error == nullptr)
            rewriting.note(loss);
    }
    return jsonb;
}

Datum key_of(std::string_view text) {
    if (is_too_long(text))
        text = hash_of(text);
    return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

Datum key_of(std::string_view text, errors::Loss &loss) {
    if (is_too_long(text)) {
        const char *reason = psprintf("primary key of %zu bytes is too long for an index", text.size());
        loss.add(", primary_key as sha256", ERRCODE_PROGRAM_LIMIT_EXCEEDED, reason);
    }
    return key_of(text);
}

} // namespace bemi::store::storable
