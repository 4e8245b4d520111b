// Compares validation and merging with Boost.JSON's parser and its objects.
#include "json/object.hpp"
#include "pieces.hpp"
#include "require.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace bemi::json;

namespace {

bool parse(std::string_view text, bool utf8, boost::json::value &value) {
    boost::json::parse_options options;
    options.max_depth = max_depth;
    options.allow_invalid_utf8 = !utf8;
    boost::json::error_code error;
    value = boost::json::parse({text.data(), text.size()}, error, {}, options);
    return !error;
}

bool has_zero(const boost::json::string_view &text) {
    return text.find('\0') != boost::json::string_view::npos;
}

bool has_zero(const boost::json::value &value) {
    if (const auto *text = value.if_string())
        return has_zero(boost::json::string_view(*text));
    if (const auto *array = value.if_array())
        for (const auto &element : *array)
            if (has_zero(element))
                return true;
    if (const auto *object = value.if_object())
        for (const auto &member : *object)
            if (has_zero(member.key()) || has_zero(member.value()))
                return true;
    return false;
}

bool is_valid(std::string_view text, bool utf8) {
    Fault fault{};
    const bool valid = validate(text, utf8, &fault);
    require(valid == validate(text, utf8, nullptr), "the verdict does not depend on being explained");
    boost::json::value value;
    const bool parsed = parse(text, utf8, value);
    if (valid) {
        require(parsed && value.is_object(), "what is valid is an object to Boost");
        require(!has_zero(value), "what is valid has no zero character");
        require(is_empty(text) == value.as_object().empty(), "is_empty agrees");
        return true;
    }
    require(fault.offset <= text.size(), "a fault is inside of the text");
    require(fault.reason[0] != '\0' && fault.reason[sizeof(fault.reason) - 1] == '\0',
            "a fault has a reason");
    const std::string_view reason(fault.reason);
    switch (fault.kind) {
    case Fault::Kind::not_an_object:
        require(parsed && !value.is_object(), "what is not an object is JSON nevertheless");
        break;
    case Fault::Kind::number_range:
        require(fault.offset < text.size() &&
                    std::string_view("-0123456789").find(text[fault.offset]) != std::string_view::npos,
                "a number that is out of range starts where it is said to");
        break;
    case Fault::Kind::syntax:
        require(!parsed || reason == "\\u0000 cannot be stored",
                "nothing but a zero character is refused beyond Boost");
        if (reason == "\\u0000 cannot be stored")
            require(text.substr(fault.offset, 6) == "\\u0000", "a zero character is where it is said to be");
        break;
    }
    return false;
}

/// Boost reads the last bits of a number differently depending on what follows it, and 0e999 as not a number.
bool alike(double a, double b) {
    return a == b || std::fabs(a - b) <= 1e-12 * std::fabs(a) || (std::isnan(a) && std::isnan(b));
}

bool alike(const boost::json::value &a, const boost::json::value &b) {
    if (a.is_double() && b.is_double())
        return alike(a.get_double(), b.get_double());
    if (a.is_array() && b.is_array())
        return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                          b.get_array().end(), [](const auto &x, const auto &y) { return alike(x, y); });
    if (!a.is_object() || !b.is_object())
        return a == b;
    const boost::json::object &other = b.get_object();
    const auto has_alike = [&other](const boost::json::key_value_pair &member) {
        const boost::json::value *value = other.if_contains(member.key());
        return value != nullptr && alike(member.value(), *value);
    };
    return a.get_object().size() == other.size() &&
           std::all_of(a.get_object().begin(), a.get_object().end(), has_alike);
}

boost::json::value merged_by_value(const boost::json::object &base, const boost::json::object &patch,
                                   Nulls nulls) {
    boost::json::object result = base;
    for (const auto &member : patch) {
        if (nulls == Nulls::remove && member.value().is_null())
            result.erase(member.key());
        else
            result[member.key()] = member.value();
    }
    return result;
}

void check_merge(std::string_view base, std::string_view patch, bool utf8, Nulls nulls) {
    std::string out(merge_bound(base, patch), '\0');
    const size_t size = merge(base, patch, nulls, out.data());
    require(size <= out.size(), "a merge stays in its bound");
    out.resize(size);
    require(validate(out, utf8, nullptr), "a merge is valid");
    boost::json::value base_value, patch_value, result;
    require(parse(base, utf8, base_value) && parse(patch, utf8, patch_value) && parse(out, utf8, result),
            "all can be parsed");
    require(alike(result, merged_by_value(base_value.as_object(), patch_value.as_object(), nulls)),
            "a merge is that of the values");
    std::string again(merge_bound(out, ""), '\0');
    again.resize(merge(out, "", nulls, again.data()));
    require(again == out, "merging nothing changes nothing");
}

/// Makes objects likely, which random bytes seldom are: each of these bytes stands for a piece of JSON.
std::string expand(const uint8_t *data, size_t size) {
    static const char *const pieces[] = {"{\"a\":",
                                         "\"a\":",
                                         "\"\\u0061\":",
                                         "\"b\":",
                                         "null",
                                         "true",
                                         "1e",
                                         "\"\\ud83d\\ude00\"",
                                         "\\u0000",
                                         "\"x\"",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         ",",
                                         "131072"};
    return text_of_pieces(data, size, pieces);
}

} // namespace

// The first byte chooses, a byte 0x01 in the rest separates base from patch. Each is in memory of exactly its
// size, so that reading beyond it is noticed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const bool utf8 = data[0] & 1;
    const Nulls nulls = data[0] & 2 ? Nulls::remove : Nulls::keep;
    const std::string_view input(reinterpret_cast<const char *>(data + 1), size - 1);
    const size_t middle = std::min(input.find('\x01'), input.size());
    const size_t rest = std::min(middle + 1, input.size());
    const auto text = [&](size_t from, size_t to) {
        const std::string part =
            data[0] & 4 ? expand(data + 1 + from, to - from) : std::string(input.substr(from, to - from));
        return std::vector<char>(part.begin(), part.end());
    };
    const std::vector<char> base = text(0, middle);
    const std::vector<char> patch = text(rest, input.size());
    const std::string_view base_text(base.data(), base.size());
    const std::string_view patch_text(patch.data(), patch.size());
    const bool base_valid = is_valid(base_text, utf8);
    const bool patch_valid = is_valid(patch_text, utf8);
    if (base_valid)
        check_merge(base_text, base_text, utf8, nulls);
    if (base_valid && patch_valid)
        check_merge(base_text, patch_text, utf8, nulls);
    return 0;
}
