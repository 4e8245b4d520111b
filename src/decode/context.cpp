#include "decode/context.hpp"

#include "base/text.hpp"
#include "json/object.hpp"
#include "json/writer.hpp"
#include "wire.hpp"

namespace bemi::decode {

namespace {

constinit uint64 last_version = 0;

/// The text from the first brace to the last.
std::string_view without_outer_blanks(std::string_view object) {
    object = object.substr(object.find('{'));
    return object.substr(0, object.rfind('}') + 1);
}

/// Returns JSON in UTF-8 in the form that a line needs: without line breaks, and escaped to ASCII if the
/// database's encoding is not UTF-8. Returns an empty view if `json` is no object or the result is too long.
std::string_view normalized(std::string_view json) {
    const bool is_utf8 = true;
    if (!json::validate(json, is_utf8, nullptr))
        return {};
    StringInfoData line;
    initStringInfo(&line);
    json::Writer{&line}.raw_on_one_line(without_outer_blanks(json));
    if (database_is_utf8())
        return view_of(line);

    StringInfoData ascii;
    initStringInfo(&ascii);
    const bool fits = append_ascii_json_of_utf8(&ascii, view_of(line));
    pfree(line.data);
    return fits ? view_of(ascii) : std::string_view();
}

/// normalized(), or an empty object for content that cannot be read: the text before it belongs to other
/// changes, and must not be carried by the changes that follow.
std::string_view normalized_or_empty(std::string_view json) {
    const std::string_view written = normalized(json);
    return written.empty() ? normalized("{}") : written;
}

constexpr ContextText ContextTexts::*all_texts[] = {&ContextTexts::claim, &ContextTexts::facts,
                                                    &ContextTexts::merged};

void free_text(ContextText &text) {
    if (text.owned != nullptr)
        pfree(text.owned);
    text.owned = nullptr;
}

/// Stores `text` and owns it from now on. Its data must be allocated with palloc, or be NULL.
void replace(ContextText &former, std::string_view text) {
    free_text(former);
    former = {.text = text, .owned = const_cast<char *>(text.data())};
}

void merge(Txn &txn) {
    ContextTexts &texts = txn.context_texts;
    const std::string_view context = wire::context_of(texts.claim.text, texts.facts.text);
    const bool is_claim = context.data() == texts.claim.text.data();
    replace(texts.merged, is_claim ? std::string_view() : context);
    txn.context = context.empty() ? "{}" : context;
    txn.context_version = ++last_version;
}

} // namespace

void set_claim(Txn &txn, std::string_view content) {
    const std::string_view written = normalized_or_empty(content);
    const std::string_view claim = wire::checked_claim(written);
    if (claim.data() != written.data())
        pfree(const_cast<char *>(written.data()));
    replace(txn.context_texts.claim, claim);
    merge(txn);
}

void set_facts(Txn &txn, std::string_view content) {
    replace(txn.context_texts.facts, normalized_or_empty(content));
    merge(txn);
}

ContextTexts move_texts(ContextTexts &texts) {
    const ContextTexts handed_over = texts;
    for (auto text : all_texts)
        (texts.*text).owned = nullptr;
    return handed_over;
}

void adopt_older(ContextTexts &texts, ContextTexts &older) {
    for (auto text : all_texts) {
        if ((texts.*text).owned == nullptr)
            texts.*text = older.*text;
        else
            free_text(older.*text);
    }
}

void free_texts(ContextTexts &texts) {
    for (auto text : all_texts)
        free_text(texts.*text);
}

} // namespace bemi::decode
