// Any bytes, as a database stores them, become JSON that reads back equal: with json::Writer alone where they
// are UTF-8, with the conversion to ASCII after it where they are anything (SQL_ASCII).
#include "base/text.hpp"
#include "json/writer.hpp"
#include "require.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

int database_encoding = PG_UTF8;

} // namespace

// What text.cpp needs of the server. Neither encoding needs a function that converts.
extern "C" {
MemoryContext TopMemoryContext = nullptr;
int GetDatabaseEncoding() {
    return database_encoding;
}
Oid FindDefaultConversionProc(int32, int32) {
    return InvalidOid;
}
void fmgr_info_cxt(Oid, FmgrInfo *, MemoryContext) {
    std::abort();
}
Datum FunctionCall6Coll(FmgrInfo *, Oid, Datum, Datum, Datum, Datum, Datum, Datum) {
    std::abort();
}
}

namespace {

/// A StringInfo with so much in it already, so that its end is met at every place.
class Buffer {
public:
    explicit Buffer(size_t filled) : filled_{filled} {
        initStringInfo(&text_);
        for (size_t i = 0; i < filled; i++)
            appendStringInfoChar(&text_, ' ');
    }
    ~Buffer() { pfree(text_.data); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    StringInfo get() { return &text_; }
    [[nodiscard]] std::string_view written() const { return bemi::view_of(text_).substr(filled_); }

private:
    StringInfoData text_{};
    size_t filled_;
};

boost::json::value parsed(std::string_view json, const char *what) {
    boost::json::error_code error;
    boost::json::value value = boost::json::parse({json.data(), json.size()}, error);
    require(!error, what);
    return value;
}

std::string parsed_string(std::string_view json, const char *what) {
    const boost::json::value value = parsed(json, what);
    require(value.is_string(), what);
    return {value.get_string().begin(), value.get_string().end()};
}

/// Length of the UTF-8 character at the start of `text`, 0 if there is none.
size_t utf8_length(std::string_view text) {
    const auto byte = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned first = byte(0);
    const size_t length = first < 0x80                     ? 1
                          : first >= 0xC2 && first <= 0xDF ? 2
                          : first >= 0xE0 && first <= 0xEF ? 3
                          : first >= 0xF0 && first <= 0xF4 ? 4
                                                           : 0;
    const unsigned lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    for (size_t i = 1; i < length; i++)
        if (byte(i) < (i == 1 ? lowest : 0x80) || byte(i) > (i == 1 ? highest : 0xBF))
            return 0;
    return length;
}

/// With each byte that is not UTF-8 replaced.
std::string as_utf8(std::string_view bytes) {
    std::string text;
    while (!bytes.empty()) {
        const size_t length = utf8_length(bytes);
        text += length > 0 ? bytes.substr(0, length) : "\uFFFD";
        bytes.remove_prefix(length > 0 ? length : 1);
    }
    return text;
}

void check_utf8(const std::string &text, size_t filled) {
    database_encoding = PG_UTF8;
    Buffer out{filled};
    bemi::json::Writer{out.get()}.string(text);
    require(parsed_string(out.written(), "UTF-8 becomes JSON") == text, "UTF-8 reads back equal");
    require(out.written().find_first_of("\r\n") == std::string_view::npos, "a string is one line");

    const std::string spread = "[\n" + std::string{out.written()} + "\r\n,1\n]";
    Buffer line{filled};
    bemi::json::Writer{line.get()}.raw_on_one_line(spread);
    require(line.written().find_first_of("\r\n") == std::string_view::npos, "one line");
    require(parsed(line.written(), "one line is JSON") == parsed(spread, "several lines are JSON"),
            "one line is equal to several");
}

void check_parts(const std::string &text, size_t filled) {
    Buffer whole{filled}, parts{0};
    bemi::json::Writer{whole.get()}.string(text);
    bemi::json::Writer out{parts.get()};
    out.raw('"');
    out.escaped(std::string_view{text}.substr(0, filled % (text.size() + 1)));
    out.escaped(std::string_view{text}.substr(filled % (text.size() + 1)));
    out.raw('"');
    require(whole.written() == parts.written(), "a string is the sum of its parts");
}

void check_bytes(const std::string &bytes, size_t filled) {
    database_encoding = PG_SQL_ASCII;
    Buffer json{0}, ascii{filled}, utf8{filled};
    bemi::json::Writer{json.get()}.string(bytes);
    require(bemi::append_ascii_json(ascii.get(), json.written()), "small texts fit");
    require(bemi::ascii_prefix(ascii.written()) == ascii.written().size(), "ASCII is ASCII");
    require(parsed_string(ascii.written(), "bytes become JSON") == as_utf8(bytes),
            "what is UTF-8 stays, all else is replaced");

    bemi::append_utf8(utf8.get(), bytes);
    require(utf8.written() == as_utf8(bytes), "bytes become UTF-8");
}

template <typename Integer> void check_integer(const std::string &bytes) {
    Integer value = 0;
    std::copy_n(bytes.begin(), std::min(bytes.size(), sizeof(value)), reinterpret_cast<char *>(&value));
    Buffer out{1020};
    bemi::json::Writer{out.get()}.integer(value);
    require(out.written() == std::to_string(value), "an integer is written as it is");
}

} // namespace

// The first two bytes say how much is in the buffer already, and how often the rest is repeated.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    const size_t filled = 900 + data[0];
    std::string bytes;
    for (int i = 0; i <= data[1] % 8; i++)
        bytes.append(data + 2, data + size);
    bytes.erase(std::remove(bytes.begin(), bytes.end(), '\0'), bytes.end()); // no text has it

    check_utf8(as_utf8(bytes), filled);
    check_parts(bytes, filled);
    check_bytes(bytes, filled);
    check_integer<int64_t>(bytes);
    check_integer<uint64_t>(bytes);
    check_integer<int16_t>(bytes);
    return 0;
}
