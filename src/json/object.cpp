#include "json/object.hpp"

#include "json/fault.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <climits>

namespace bemi::json {

namespace {

/// Whether numeric can hold a JSON number: once the exponent is applied, at most 131072 digits before the
/// decimal point and 16383 after it. Zeros after the point count, since numeric keeps them; leading zeros do
/// not.
bool fits_numeric(std::string_view number) noexcept {
    constexpr int64_t max_integer_digits = 131072;
    constexpr int64_t max_scale = 16383;
    constexpr int64_t exponent_limit = INT_MAX / 2; // numeric's input function stops there, even for zero

    int64_t exponent = 0;
    if (const size_t mark = number.find_first_of("eE"); mark != std::string_view::npos) {
        const size_t digits = mark + (number[mark + 1] == '+' ? 2 : 1);
        const char *end = number.data() + number.size();
        // Older releases of Boost reject an exponent beyond 64 bits, newer ones pass it on.
        if (std::from_chars(number.data() + digits, end, exponent).ec != std::errc())
            return false;
        number = number.substr(0, mark);
    }
    if (exponent >= exponent_limit || exponent <= -exponent_limit)
        return false;

    const size_t point = std::min(number.find('.'), number.size());
    const auto position = [point](size_t digit) {
        return static_cast<int64_t>(digit < point ? point : point + 1) - static_cast<int64_t>(digit);
    };
    const int64_t fraction_digits =
        point < number.size() ? static_cast<int64_t>(number.size() - point) - 1 : 0;
    if (fraction_digits - exponent > max_scale)
        return false;
    const size_t first = number.find_first_of("123456789");
    return first == std::string_view::npos || position(first) + exponent <= max_integer_digits;
}

/// Gets the parser's events. It stops the parser where the standard allows something that jsonb cannot hold.
class Listener {
public:
    static constexpr size_t max_object_size = SIZE_MAX;
    static constexpr size_t max_array_size = SIZE_MAX;
    static constexpr size_t max_key_size = SIZE_MAX;
    static constexpr size_t max_string_size = SIZE_MAX;

    using Text = boost::json::string_view;
    using Error = boost::system::error_code;

    /// The start of the number that numeric cannot hold; null if no number was.
    const char *bad_number = nullptr;

    bool on_document_begin(Error &) { return true; }
    bool on_document_end(Error &) { return true; }
    bool on_object_begin(Error &) { return true; }
    bool on_object_end(size_t, Error &) { return true; }
    bool on_array_begin(Error &) { return true; }
    bool on_array_end(size_t, Error &) { return true; }
    bool on_bool(bool, Error &) { return true; }
    bool on_null(Error &) { return true; }
    bool on_comment_part(Text, Error &) { return true; }
    bool on_comment(Text, Error &) { return true; }

    bool on_key_part(Text text, size_t, Error &error) { return check_text(text, error); }
    bool on_key(Text text, size_t, Error &error) { return check_text(text, error); }
    bool on_string_part(Text text, size_t, Error &error) { return check_text(text, error); }
    bool on_string(Text text, size_t, Error &error) { return check_text(text, error); }

    bool on_number_part(Text, Error &) { return true; }
    bool on_int64(int64_t, Text, Error &) { return true; }
    bool on_uint64(uint64_t, Text, Error &) { return true; }
    bool on_double(double, Text text, Error &error) {
        if (fits_numeric(text))
            return true;
        bad_number = text.data();
        return stop(error);
    }

private:
    /// The text is decoded. A zero byte in it was written as \u0000, which jsonb cannot hold.
    static bool check_text(Text text, Error &error) { return text.find('\0') == Text::npos || stop(error); }

    static bool stop(Error &error) {
        error = boost::json::error::syntax;
        return false;
    }
};

/// The start of the number that contains `stop`.
size_t start_of_number(std::string_view json, size_t stop) noexcept {
    const size_t before = json.find_last_not_of("0123456789+-.eE", stop);
    return before == std::string_view::npos ? 0 : before + 1;
}

Fault explain(std::string_view text, bool utf8, size_t stop, const boost::system::error_code &error,
              const Listener &listener) noexcept {
    static_assert(max_depth == 512);
    constexpr std::string_view too_deep = "objects and arrays are nested more than 512 levels deep";
    constexpr std::string_view out_of_range = "number is out of the range of numeric";
    if (listener.bad_number != nullptr)
        return make_fault(Fault::Kind::number_range, static_cast<size_t>(listener.bad_number - text.data()),
                          out_of_range);
    if (error == boost::json::error::exponent_overflow)
        return make_fault(Fault::Kind::number_range, start_of_number(text, stop), out_of_range);
    if (error == boost::json::error::too_deep)
        return make_fault(Fault::Kind::syntax, stop, too_deep);
    return explain_syntax(text, utf8, stop);
}

} // namespace

bool validate(std::string_view json, bool utf8, Fault *fault) noexcept {
    boost::json::parse_options options;
    options.max_depth = max_depth;
    options.allow_invalid_utf8 = !utf8;
    boost::json::basic_parser<Listener> parser(options);
    boost::system::error_code error;
    const size_t stop = parser.write_some(false, json.data(), json.size(), error);
    if (error || stop < json.size()) {
        if (fault != nullptr)
            *fault = explain(json, utf8, stop, error, parser.handler());
        return false;
    }
    if (json[json.find_first_not_of(" \t\n\r")] == '{')
        return true;
    if (fault != nullptr)
        *fault = explain_not_an_object(json);
    return false;
}

} // namespace bemi::json
