#include "context/accept.hpp"

#include "base/text.hpp"
#include "context/tags.hpp"
#include "guc.hpp"
#include "json/object.hpp"
#include "json/writer.hpp"

namespace bemi::context::accept {
namespace {

bool is_small(std::string_view comment) {
    if (comment.size() <= static_cast<size_t>(guc::max_context_size))
        return true;
    ereport(DEBUG1, (errmsg("ignored context comment of %zu bytes", comment.size()),
                     errdetail("\"bemi.max_context_size\" allows %d.", guc::max_context_size)));
    return false;
}

bool is_valid(std::string_view json, bool is_utf8) {
    json::Fault fault;
    if (json::validate(json, is_utf8, &fault))
        return true;
    ereport(DEBUG1, (errmsg("ignored invalid context comment"),
                     errdetail("At byte %zu: %s.", fault.offset + 1, fault.reason)));
    return false;
}

/// Appends a key or value without its escapes; returns what was appended. It is UTF-8, unless its escapes are
/// bad.
std::string_view append_decoded(StringInfo out, std::string_view written) {
    const int start = out->len;
    append_utf8(out, written);
    out->len =
        start + static_cast<int>(tags::decode(out->data + start, static_cast<size_t>(out->len - start)));
    return view_of(*out).substr(static_cast<size_t>(start));
}

/// Whether a decoded key or value is text that jsonb can hold.
bool is_text(std::string_view text) {
    const bool no_error = true;
    return pg_verify_mbstr(PG_UTF8, text.data(), static_cast<int>(text.size()), no_error);
}

void add(json::Writer &out, const tags::Tag &tag, StringInfo buffer) {
    const auto key_size = append_decoded(buffer, tag.key).size();
    const std::string_view value = append_decoded(buffer, tag.value);
    const std::string_view key = view_of(*buffer).substr(0, key_size);
    if (!is_text(key) || !is_text(value)) {
        ereport(DEBUG1, (errmsg("ignored tag of context comment"),
                         errdetail("Once it is decoded, it is not UTF-8 or has a zero byte.")));
        return;
    }
    out.raw(',');
    out.string(key);
    out.raw(':');
    out.string(value);
}

/// A copy of the JSON in the database's encoding. It takes no more memory than it needs, since a query string
/// may have many comments. Empty if it would exceed 1 GB.
std::string_view in_database_encoding(std::string_view utf8_json) {
    if (database_is_utf8())
        return {pnstrdup(utf8_json.data(), utf8_json.size()), utf8_json.size()};
    StringInfoData ascii;
    initStringInfo(&ascii);
    if (!append_ascii_json_of_utf8(&ascii, utf8_json))
        return {};
    const auto size = static_cast<size_t>(ascii.len);
    return {static_cast<char *>(repalloc(ascii.data, size + 1)), size};
}

/// Takes the JSON of a tag `bemi`, if it is valid; false if the tag is another one.
bool take_json(const tags::Tag &tag, StringInfo buffer, Tags &result) {
    if (!tags::is_called(tag.key, "bemi"))
        return false;
    const std::string_view json = append_decoded(buffer, tag.value);
    if (is_valid(json, true))
        result.json = in_database_encoding(json);
    return true;
}

} // namespace

bool json(std::string_view json) {
    return is_small(json) && is_valid(json, database_is_utf8());
}

Tags tags(std::string_view text, KeyList listed) {
    Tags result;
    StringInfoData object, buffer;
    if (!is_small(text))
        return result;
    initStringInfo(&object);
    initStringInfo(&buffer);
    json::Writer out{&object};
    out.enclosed('{', '}', [&] {
        for (tags::Tag tag; tags::take(text, tag); resetStringInfo(&buffer))
            if (tags::is_listed(tag.key, listed) && !take_json(tag, &buffer, result))
                add(out, tag, &buffer);
    });
    if (!json::is_empty(view_of(object)))
        result.tags = in_database_encoding(view_of(object));
    pfree(buffer.data);
    pfree(object.data);
    return result;
}

} // namespace bemi::context::accept
