// What is a context, what is said about the rest, and how one is merged over another.
#include "check.hpp"
#include "json/object.hpp"

#include <chrono>

#include <pthread.h>

using namespace bemi::json;

namespace {

bool valid(std::string_view json, bool utf8 = true) {
    return validate(json, utf8, nullptr);
}

/// "kind offset reason" of a text that is not valid.
std::string fault_of(std::string_view json, bool utf8 = true) {
    Fault fault{};
    if (validate(json, utf8, &fault))
        return "valid";
    constexpr const char *kinds[] = {"syntax", "not_an_object", "number_range"};
    return kinds[static_cast<int>(fault.kind)] + (' ' + std::to_string(fault.offset)) + ' ' + fault.reason;
}

std::string merged(std::string_view base, std::string_view patch, Nulls nulls = Nulls::keep) {
    std::string out(merge_bound(base, patch), '#');
    out.resize(merge(base, patch, nulls, out.data()));
    return out;
}

std::string repeated(std::string_view part, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i)
        text += part;
    return text;
}

std::string nested_arrays(size_t depth) {
    return "{\"a\":" + repeated("[", depth - 1) + repeated("]", depth - 1) + "}";
}

std::string nested_objects(size_t depth) {
    return repeated("{\"a\":", depth - 1) + "{}" + repeated("}", depth - 1);
}

bool valid_number(const std::string &number) {
    return valid("{\"a\":" + number + "}");
}

std::string number_fault(const std::string &number) {
    return fault_of("{\"a\":" + number + "}");
}

} // namespace

TEST(objects_are_valid) {
    for (const char *json :
         {"{}", " {\t}\r\n", R"({"a":1})", R"({"a":null,"b":true,"c":false,"d":"","e":[],"f":{}})",
          R"({"":{"":[{},[],""]}})", R"({"a":1,"a":2})", R"({"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"})",
          "{\"a\":\"\x7f\"}"})
        CHECK_EQUAL(fault_of(json), "valid");
}

TEST(anything_but_an_object_is_named) {
    CHECK_EQUAL(fault_of("[1]"), "not_an_object 0 expected an object but found an array");
    CHECK_EQUAL(fault_of(" \"x\" "), "not_an_object 1 expected an object but found a string");
    CHECK_EQUAL(fault_of("1"), "not_an_object 0 expected an object but found a number");
    CHECK_EQUAL(fault_of("-0.5e3"), "not_an_object 0 expected an object but found a number");
    CHECK_EQUAL(fault_of("true"), "not_an_object 0 expected an object but found a boolean");
    CHECK_EQUAL(fault_of("false"), "not_an_object 0 expected an object but found a boolean");
    CHECK_EQUAL(fault_of("\n\nnull"), "not_an_object 2 expected an object but found null");
}

TEST(text_that_ends_too_early) {
    for (const char *json : {"", " ", "{", "{ ", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":[",
                             "{\"a\":tru", "{\"a\":-", "{\"a\":1.", "{\"a\":1e", "{\"a\":1e+"})
        CHECK_EQUAL(fault_of(json), "syntax " + std::to_string(std::string_view(json).size()) +
                                        " unexpected end of the text");
    CHECK_EQUAL(fault_of("{\"a"), "syntax 3 unterminated string");
    CHECK_EQUAL(fault_of("{\"a\\"), "syntax 4 unterminated string");
    CHECK_EQUAL(fault_of("{\"a\":\"x}"), "syntax 8 unterminated string");
    CHECK_EQUAL(fault_of("{\"a\":\"x\\\"}"), "syntax 10 unterminated string");
}

TEST(unexpected_characters_are_shown_with_their_place) {
    CHECK_EQUAL(fault_of("bad"), "syntax 0 unexpected word \"bad\"");
    CHECK_EQUAL(fault_of("{a:1}"), "syntax 1 unexpected word \"a\"");
    CHECK_EQUAL(fault_of("{'a':1}"), "syntax 1 strings and keys must be in double quotes");
    CHECK_EQUAL(fault_of("{\"a\":'x'}"), "syntax 5 strings and keys must be in double quotes");
    CHECK_EQUAL(fault_of("{\"a\" 1}"), "syntax 5 unexpected character \"1\"");
    CHECK_EQUAL(fault_of("{\"a\":1 \"b\":2}"), "syntax 7 unexpected character \"\"\"");
    CHECK_EQUAL(fault_of("{\"a\":1,}"), "syntax 7 comma without a value after it");
    CHECK_EQUAL(fault_of("{\"a\":[1, ]}"), "syntax 9 comma without a value after it");
    CHECK_EQUAL(fault_of("{\"a\":]}"), "syntax 5 unexpected character \"]\"");
    CHECK_EQUAL(fault_of("{\"a\":}"), "syntax 5 unexpected character \"}\"");
    CHECK_EQUAL(fault_of("{1:2}"), "syntax 1 unexpected character \"1\"");
    CHECK_EQUAL(fault_of("{\"a\":1}}"), "syntax 7 unexpected character \"}\"");
    CHECK_EQUAL(fault_of("{} {}"), "syntax 3 unexpected character \"{\"");
    CHECK_EQUAL(fault_of("{\"a\":1;}"), "syntax 6 unexpected character \";\"");
    CHECK_EQUAL(fault_of("{/**/}"), "syntax 1 unexpected character \"/\"");
    CHECK_EQUAL(fault_of("{} // x"), "syntax 3 unexpected character \"/\"");
    CHECK_EQUAL(fault_of("{\v}"), "syntax 1 unexpected byte 0x0B");
    CHECK_EQUAL(fault_of("{\xc3\xa9:1}"), "syntax 1 unexpected byte 0xC3");
    CHECK_EQUAL(fault_of(std::string_view("{}\0", 3)), "syntax 2 unexpected byte 0x00");
}

TEST(misspelt_literals) {
    for (const char *literal :
         {"nul", "nulL", "True", "FALSE", "NaN", "Infinity", "-Infinity", "undefined", "trueish"})
        CHECK(!valid_number(literal));
    CHECK_EQUAL(number_fault("nulx"), "syntax 5 unexpected word \"nulx\"");
    CHECK_EQUAL(number_fault("NaN"), "syntax 5 unexpected word \"NaN\"");
    CHECK_EQUAL(number_fault("trueish"), "syntax 5 unexpected word \"trueish\"");
    CHECK_EQUAL(number_fault("tru"), "syntax 5 unexpected word \"tru\"");
    CHECK_EQUAL(number_fault(repeated("x", 500)), "syntax 5 unexpected word \"" + repeated("x", 40) + "\"");
}

TEST(numbers_as_the_standard_writes_them) {
    for (const char *number :
         {"0", "-0", "1", "-1", "10", "0.0", "0.10", "-0.5", "1e5", "1E5", "1e+5", "1e-5", "1.5e05", "1e00",
          "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890.123456789"})
        CHECK(valid_number(number));
    for (const char *number : {"01", "-01", "+1", ".5", "1.", "-", "--1", "1e", "1e+", "1.e5", "0x1", "1_000",
                               "1e5.5", "00", "1,5", "1 2", "- 1"})
        CHECK(!valid_number(number));
}

TEST(numbers_that_numeric_can_hold) {
    CHECK(valid_number("1e131071"));
    CHECK(valid_number("9.999e131071"));
    CHECK(valid_number("0.001e131074"));
    CHECK(valid_number("0.5e131072"));
    CHECK(valid_number("1e-16383"));
    CHECK(valid_number("-1e-16383"));
    CHECK(valid_number("0e200000"));
    CHECK(valid_number("0.0e-16382"));
    CHECK(valid_number(repeated("9", 131072)));
    CHECK(valid_number("0." + repeated("0", 16383)));
    CHECK(valid_number("1." + repeated("0", 20000) + "e20000"));
    CHECK(valid_number(repeated("9", 131072) + "." + repeated("9", 16383)));
    CHECK(valid_number("1" + repeated("0", 140000) + "e-16000"));
}

TEST(numbers_that_numeric_cannot_hold) {
    const std::string fault = "number_range 5 number is out of the range of numeric";
    CHECK_EQUAL(number_fault("1e131072"), fault);
    CHECK_EQUAL(number_fault("-10e131071"), fault);
    CHECK_EQUAL(number_fault("0.01e131075"), "number_range 5 number is out of the range of numeric");
    CHECK_EQUAL(number_fault("1e-16384"), fault);
    CHECK_EQUAL(number_fault("0e-16384"), fault);
    CHECK_EQUAL(number_fault("0.0e-16383"), fault);
    CHECK_EQUAL(number_fault(repeated("9", 131073)), fault);
    CHECK_EQUAL(number_fault("-1" + repeated("0", 131072)), fault);
    CHECK_EQUAL(number_fault("0." + repeated("0", 16384)), fault);
    CHECK_EQUAL(number_fault("0e1073741823"), fault);
    CHECK_EQUAL(number_fault("1e2147483647"), fault);
    CHECK_EQUAL(number_fault("1e2147483648"), fault);
    CHECK_EQUAL(number_fault("-1.5e+99999999999999999999"), fault);
    CHECK_EQUAL(number_fault("1e-99999999999999999999"), fault);
    CHECK_EQUAL(fault_of("{\"a\":[true, 1E400000]}"),
                "number_range 12 number is out of the range of numeric");
    CHECK_EQUAL(fault_of("1e131072"), "number_range 0 number is out of the range of numeric");
}

TEST(zero_character_cannot_be_stored) {
    CHECK_EQUAL(fault_of(R"({"a":"\u0000"})"), "syntax 6 \\u0000 cannot be stored");
    CHECK_EQUAL(fault_of(R"({"\u0000":1})"), "syntax 2 \\u0000 cannot be stored");
    CHECK_EQUAL(fault_of(R"({"a":{"b":["x","\\x\u0000"]}})"), "syntax 19 \\u0000 cannot be stored");
    CHECK_EQUAL(fault_of("{\"a\":\"" + repeated("x", 10000) + "\\u0000" + repeated("y", 10000) + "\"}"),
                "syntax 10006 \\u0000 cannot be stored");
    CHECK_EQUAL(fault_of(R"({"a":"\u0000"})", false), "syntax 6 \\u0000 cannot be stored");
    CHECK(valid(R"({"a":"\\u0000"})"));
    CHECK(valid(R"({"a":"\u0001"})"));
}

TEST(control_characters_must_be_escaped) {
    for (int c = 0; c < 0x20; ++c)
        CHECK_EQUAL(fault_of(std::string("{\"a\":\"x") + static_cast<char>(c) + "\"}"),
                    "syntax 7 control character in a string, which must be escaped");
}

TEST(bad_escapes) {
    CHECK_EQUAL(fault_of(R"({"a":"\x41"})"), "syntax 6 invalid escape sequence");
    CHECK_EQUAL(fault_of(R"({"a":"\'"})"), "syntax 6 invalid escape sequence");
    CHECK_EQUAL(fault_of(R"({"a":"\U00e9"})"), "syntax 6 invalid escape sequence");
    for (const char *json : {R"({"a":"\u"})", R"({"a":"\u12"})", R"({"a":"\u12g4"})", R"({"a":"\u-123"})",
                             R"({"a":"\u+123"})", R"({"a":"\u 123"})", R"({"a":"\u0x12"})"})
        CHECK_EQUAL(fault_of(json), "syntax 6 \\u must be followed by four hexadecimal digits");
}

TEST(lone_surrogates) {
    for (const char *json :
         {R"({"a":"\ud800"})", R"({"a":"\udbff"})", R"({"a":"\udc00"})", R"({"a":"\udfff"})",
          R"({"a":"\ud800x"})", R"({"a":"\ud800\n"})", R"({"a":"\ud800\ud800"})", R"({"a":"\ud800\u0041"})",
          R"({"a":"\udc00\ud800"})", R"({"a":"\ud800\u0041xxxxxxxxxxxxxxxxxxxx"})", R"({"a":"\ud800)",
          R"({"a":"\ud800\)", R"({"a":"\ud800\u)"})
        CHECK_EQUAL(fault_of(json), "syntax 6 \\u escape of half a surrogate pair");
    CHECK_EQUAL(fault_of(R"({"\ud800":1})"), "syntax 2 \\u escape of half a surrogate pair");
    CHECK(valid(R"({"a":"\ud800\udc00\uDBFF\uDFFF\ud7ff\ue000"})"));
}

TEST(every_plane_of_unicode) {
    for (uint32_t plane = 0; plane <= 16; ++plane) {
        const uint32_t code = plane * 0x10000 + 0xabc;
        std::string character;
        if (code < 0x10000)
            character = {char(0xe0 | code >> 12), char(0x80 | (code >> 6 & 0x3f)),
                         char(0x80 | (code & 0x3f))};
        else
            character = {char(0xf0 | code >> 18), char(0x80 | (code >> 12 & 0x3f)),
                         char(0x80 | (code >> 6 & 0x3f)), char(0x80 | (code & 0x3f))};
        char escape[16];
        if (code < 0x10000)
            std::snprintf(escape, sizeof(escape), "\\u%04x", code);
        else
            std::snprintf(escape, sizeof(escape), "\\u%04x\\u%04X", 0xd800 + ((code - 0x10000) >> 10),
                          0xdc00 + (code & 0x3ff));
        CHECK(valid("{\"" + character + "\":\"" + character + "\"}"));
        CHECK(valid(std::string("{\"") + escape + "\":\"" + escape + "\"}"));
        CHECK_EQUAL(merged("{\"" + character + "\":1}", std::string("{\"") + escape + "\":2}"),
                    std::string("{\"") + escape + "\":2}");
    }
}

TEST(invalid_utf8) {
    for (const char *bytes : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80",
                              "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe6\x97", "\xf0\x80\x80\x80",
                              "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe"}) {
        const std::string json = std::string("{\"a\":\"x") + bytes + "\"}";
        CHECK_EQUAL(fault_of(json), "syntax 7 invalid UTF-8");
        CHECK_EQUAL(fault_of(json, false), "valid");
        const std::string key = std::string("{\"") + bytes + "\":\"" + repeated("x", 40) + "\"}";
        CHECK_EQUAL(fault_of(key), "syntax 2 invalid UTF-8");
        CHECK_EQUAL(fault_of(key, false), "valid");
    }
}

TEST(another_encoding_changes_nothing_else) {
    CHECK_EQUAL(fault_of("{\xe9:1}", false), "syntax 1 unexpected byte 0xE9");
    CHECK_EQUAL(fault_of("{\"\xe9\":01}", false), "syntax 6 unexpected character \"1\"");
    CHECK_EQUAL(fault_of("{\"\xe9\\ud800\":1}", false), "syntax 3 \\u escape of half a surrogate pair");
    CHECK_EQUAL(fault_of("{\"\xe9\n\":1}", false),
                "syntax 3 control character in a string, which must be escaped");
}

TEST(byte_order_mark_is_refused) {
    CHECK_EQUAL(fault_of("\xef\xbb\xbf{}"), "syntax 0 byte order mark before the object");
    CHECK_EQUAL(fault_of("\xef\xbb\xbf{}", false), "syntax 0 byte order mark before the object");
}

TEST(nesting_is_limited) {
    CHECK_EQUAL(max_depth, 512u);
    for (const auto &nested : {nested_arrays, nested_objects}) {
        CHECK(valid(nested(512)));
        CHECK_EQUAL(fault_of(nested(513)),
                    "syntax " + std::to_string(nested(513).find(nested == nested_arrays ? "[]" : "{}")) +
                        " objects and arrays are nested more than 512 levels deep");
        CHECK(!valid(nested(100'000)));
    }
    CHECK(!valid(repeated("[", 100'000)));
    CHECK(!valid(repeated("{\"a\":", 100'000)));
}

TEST(nesting_takes_little_stack) {
    // A quarter of PostgreSQL's default max_stack_depth is enough, also under a sanitizer.
    const std::string texts[] = {nested_arrays(512), nested_objects(512), nested_arrays(100'000),
                                 nested_objects(100'000)};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    const auto run = [](void *argument) -> void * {
        const auto *all = static_cast<const std::string *>(argument);
        for (int i = 0; i < 4; ++i)
            (void)valid(all[i]);
        return nullptr;
    };
    pthread_t thread;
    CHECK_EQUAL(pthread_create(&thread, &attributes, run, const_cast<std::string *>(texts)), 0);
    CHECK_EQUAL(pthread_join(thread, nullptr), 0);
    pthread_attr_destroy(&attributes);
}

TEST(emptiness) {
    for (const char *json : {"", "{}", "{ }", " {\n}\t"})
        CHECK(is_empty(json));
    for (const char *json : {R"({"a":1})", R"( { "" : {} } )", R"({"}":1})"})
        CHECK(!is_empty(json));
}

TEST(patch_wins_over_base) {
    CHECK_EQUAL(merged(R"({"a":1,"b":2})", R"({"b":3,"c":4})"), R"({"a":1,"b":3,"c":4})");
    CHECK_EQUAL(merged(R"({"a":1})", "{}"), R"({"a":1})");
    CHECK_EQUAL(merged("{}", R"({"a":1})"), R"({"a":1})");
    CHECK_EQUAL(merged("{}", "{}"), "{}");
}

TEST(empty_text_counts_as_an_empty_object) {
    CHECK_EQUAL(merged("", R"({"a":1})"), R"({"a":1})");
    CHECK_EQUAL(merged(R"({"a":1})", ""), R"({"a":1})");
    CHECK_EQUAL(merged("", ""), "{}");
}

TEST(merge_is_shallow) {
    CHECK_EQUAL(merged(R"({"a":{"x":1},"b":[1]})", R"({"a":{"y":2}})"), R"({"b":[1],"a":{"y":2}})");
}

TEST(merge_keeps_the_bytes_of_keys_and_values) {
    CHECK_EQUAL(
        merged(R"( { "a" : 1.10 , "\u0062" : [ 1 , {"x": "}]\"" } ] } )", R"({"c" :-0.0E+05,"d":"\u00e9"})"),
        R"({"a":1.10,"\u0062":[ 1 , {"x": "}]\"" } ],"c":-0.0E+05,"d":"\u00e9"})");
    CHECK_EQUAL(merged(R"({"a":true,"b":false})", R"({"c":null,"d":123456789012345678901234567890})"),
                R"({"a":true,"b":false,"c":null,"d":123456789012345678901234567890})");
}

TEST(keys_are_compared_decoded) {
    CHECK_EQUAL(merged(R"({"a":1,"b":2})", R"({"\u0061":3})"), R"({"b":2,"\u0061":3})");
    CHECK_EQUAL(
        merged(R"({"\/\"\\\b\f\n\r\t\u20AC":1})", R"({"/\u0022\u005c\u0008\u000c\u000a\u000D\u0009€":2})"),
        R"({"/\u0022\u005c\u0008\u000c\u000a\u000D\u0009€":2})");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"A":2,"a ":3,"":4})"), R"({"a":1,"A":2,"a ":3,"":4})");
    CHECK_EQUAL(merged(R"({"\\u0061":1})", R"({"\u0061":2})"), R"({"\\u0061":1,"\u0061":2})");
}

TEST(last_of_duplicate_keys_wins) {
    CHECK_EQUAL(merged(R"({"a":1,"b":2,"a":3})", "{}"), R"({"b":2,"a":3})");
    CHECK_EQUAL(merged("{}", R"({"a":1,"\u0061":2,"b":3})"), R"({"\u0061":2,"b":3})");
    CHECK_EQUAL(merged(R"({"a":1,"a":2})", R"({"a":3,"a":4})"), R"({"a":4})");
    CHECK_EQUAL(merged(R"({"a":{"x":1,"x":2}})", "{}"), R"({"a":{"x":1,"x":2}})");
}

TEST(null_removes_or_is_kept) {
    CHECK_EQUAL(merged(R"({"a":1,"b":2})", R"({"a":null})", Nulls::remove), R"({"b":2})");
    CHECK_EQUAL(merged(R"({"a":1,"b":2})", R"({"a":null})", Nulls::keep), R"({"b":2,"a":null})");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"b":null})", Nulls::remove), R"({"a":1})");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"a":null})", Nulls::remove), "{}");
    CHECK_EQUAL(merged(R"({"a":null})", R"({"b":1})", Nulls::remove), R"({"a":null,"b":1})");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"\u0061": null })", Nulls::remove), "{}");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"a":"null","b":[null]})", Nulls::remove),
                R"({"a":"null","b":[null]})");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"a":null,"a":2})", Nulls::remove), R"({"a":2})");
    CHECK_EQUAL(merged(R"({"a":1})", R"({"a":2,"a":null})", Nulls::remove), "{}");
}

TEST(member_by_name) {
    CHECK_EQUAL(member(R"( { "a" : 1.10 , "b":{"pg":2} } )", "a"), "1.10");
    CHECK_EQUAL(member(R"({"a":1,"b":{"pg":2}})", "pg"), "");
    CHECK_EQUAL(member(R"({"b":"pg","pg ":1,"":2,"PG":3})", "pg"), "");
    CHECK_EQUAL(member(R"({"\u0070g":{"a":"}"},"c":1})", "pg"), R"({"a":"}"})");
    CHECK_EQUAL(member(R"({"pg":1,"\u0070\u0067":2,"x":3})", "pg"), "2");
    CHECK_EQUAL(member(R"({"\\u0070g":1})", "pg"), "");
    CHECK_EQUAL(member("{}", "pg"), "");
    CHECK_EQUAL(member("", "pg"), "");
}

TEST(merge_of_many_keys_is_fast) {
    std::string base = "{";
    std::string patch = "{";
    for (int i = 0; i < 100'000; ++i) {
        const std::string number = std::to_string(i);
        base += (i > 0 ? ",\"same_prefix_" : "\"same_prefix_") + number + "\":" + number;
        patch += (i > 0 ? ",\"\\u0073ame_prefix_" : "\"\\u0073ame_prefix_") + number + "\":null";
    }
    base += '}';
    patch += '}';
    const auto start = std::chrono::steady_clock::now();
    CHECK(valid(base) && valid(patch));
    CHECK_EQUAL(merged(base, patch, Nulls::remove), "{}");
    CHECK(merged(base, patch) == patch);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
}

TEST(reasons_fit) {
    Fault fault{};
    CHECK(!validate("{", true, &fault));
    CHECK(std::string_view(fault.reason).size() < sizeof(fault.reason));
    static_assert(std::is_trivially_destructible_v<Fault>);
}
