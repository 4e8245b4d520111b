// What counts as a comment of tags, and how its keys and values are decoded.
#include "check.hpp"
#include "context/comment.hpp"
#include "context/tags.hpp"

#include <chrono>

using namespace bemi;
using namespace bemi::context;
using namespace std::literals;

namespace {

const KeyList all("*\0");

std::string decoded(std::string_view written) {
    std::string text(written);
    text.resize(tags::decode(text.data(), text.size()));
    return text;
}

/// The tags, decoded, as "key=value;"; "no" if the text has anything else.
std::string tags_of(std::string_view text) {
    if (!tags::has_listed(text, all))
        return "no";
    std::string result;
    for (tags::Tag tag; tags::take(text, tag);)
        result += decoded(tag.key) + "=" + decoded(tag.value) + ";";
    return result;
}

std::string listed_in(std::string_view query, KeyList keys, std::string_view affix = "Bemi") {
    std::string result;
    comment::Scanner scanner(query, affix, false, keys);
    for (comment::Event event; scanner.next(event);)
        if (event.kind != comment::Event::Kind::statement)
            (result += event.kind == comment::Event::Kind::tags ? '#' : '=') += event.text;
    return result;
}

} // namespace

TEST(what_emitters_write) {
    // Prisma 7
    CHECK_EQUAL(tags_of("route='%2Fapi%2Fposts%3Fx%3D1',user='user-123'"),
                "route=/api/posts?x=1;user=user-123;");
    CHECK_EQUAL(tags_of("name='O\\'Brien%20%F0%9F%98%80'"), "name=O'Brien \xF0\x9F\x98\x80;");
    // OpenTelemetry's pg instrumentation
    CHECK_EQUAL(tags_of("traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'"),
                "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01;");
    // Google's sqlcommenter for Knex and Sequelize
    CHECK_EQUAL(tags_of("db_driver='knex%3A0.20.8',route='%5E%2Ftodos%2F%7Bid%7D%24',"
                        "traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01',"
                        "tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'"),
                "db_driver=knex:0.20.8;route=^/todos/{id}$;"
                "traceparent=00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01;"
                "tracestate=congo=t61rcWkgMzE,rojo=00f067aa0ba902b7;");
    // Rails
    CHECK_EQUAL(tags_of("action='index',application='App',controller='todos'"),
                "action=index;application=App;controller=todos;");
    // Django
    CHECK_EQUAL(tags_of("controller='index',framework='django%3A2.2.1',route='%5Epolls/%24'"),
                "controller=index;framework=django:2.2.1;route=^polls/$;");
    // by hand
    CHECK_EQUAL(tags_of(" key='v',key2='v2' "), "key=v;key2=v2;");
}

TEST(white_space_around_keys_equals_and_commas) {
    CHECK_EQUAL(tags_of("\t a\n=\r 'b'\f,\v c = 'd' "), "a=b;c=d;");
    CHECK_EQUAL(tags_of("a=' b '"), "a= b ;");
}

TEST(anything_else_is_no_list_of_tags) {
    for (const char *text : {"",
                             " ",
                             "a",
                             "a=",
                             "a=b",
                             "a='",
                             "a='b",
                             "='b'",
                             " ='b'",
                             "a b='c'",
                             "a='b',",
                             "a='b',,c='d'",
                             ",a='b'",
                             "a='b' c='d'",
                             "a='b';",
                             "a='b'c",
                             "a=\"b\"",
                             "a='b''c'",
                             "a='b\\'",
                             "a=='b'",
                             "a:'b'",
                             "a:b,c:d",
                             "'a'='b'",
                             "a,b='c'",
                             "+ SeqScan(todo)",
                             "see a='b'",
                             "Bemi {\"a\": 1} Bemi",
                             "a='b' -- c",
                             "a='b',c",
                             "a=E'b'",
                             "a= b'c'"})
        CHECK_EQUAL(tags_of(text), "no");
}

TEST(a_backslash_escapes_a_quote_and_nothing_else) {
    CHECK_EQUAL(tags_of("a='it\\'s'"), "a=it's;");
    CHECK_EQUAL(tags_of("a='\\''"), "a=';");
    CHECK_EQUAL(tags_of("a='C:\\dir\\n'"), "a=C:\\dir\\n;");
    CHECK_EQUAL(tags_of("a='\\\\'b'"), "a=\\'b;");
    CHECK_EQUAL(tags_of("a='b\\',c='d'"), "no");
    CHECK_EQUAL(tags_of("a='%5C%27'"), "a=\\';");
}

TEST(percent_decoding) {
    CHECK_EQUAL(decoded("%41%4a%4A%7e"), "AJJ~");
    CHECK_EQUAL(decoded("%c3%bc"), "\xC3\xBC");
    CHECK_EQUAL(decoded("%00"), "\0"s);
    CHECK_EQUAL(decoded("%ff"), "\xFF");
    CHECK_EQUAL(decoded("%2541"), "%41");
    CHECK_EQUAL(decoded("a+b"), "a+b");
    for (const char *same :
         {"%", "%%", "%4", "%g0", "%0g", "100% sure", "%u00e9", "% 41", "%-1", "", "\xC3\xBC", "\\", "a\\b"})
        CHECK_EQUAL(decoded(same), same);
    CHECK_EQUAL(decoded("%%41"), "%A");
    CHECK_EQUAL(tags_of("%61%20b='1',%3D='2'"), "a b=1;==2;");
}

TEST(values_may_be_empty_and_repeat) {
    CHECK_EQUAL(tags_of("a='',a='2'"), "a=;a=2;");
}

TEST(a_comment_counts_if_one_key_is_listed) {
    const KeyList keys("route\0user id\0");
    CHECK(tags::has_listed("a='1',route='2'", keys));
    CHECK(tags::has_listed("user%20id='1'", keys));
    CHECK(tags::has_listed("r%6fute='1'", keys));
    for (const char *text : {"a='1'", "Route='1'", "route2='1'", "rout='1'", "*='1'", "route='1',b"})
        CHECK(!tags::has_listed(text, keys));
    CHECK(!tags::has_listed("a='1'", KeyList()));
    CHECK(tags::has_listed("a='1'", KeyList("b\0*\0")));
}

TEST(comments_of_tags_are_reported_where_they_are_wanted) {
    constexpr std::string_view query = "SELECT 1 /*a='1'*/ /*b='2'*/ /*Bemi {} Bemi*/ /* other */";
    CHECK_EQUAL(listed_in(query, KeyList()), "={}");
    CHECK_EQUAL(listed_in(query, all), "#a='1'#b='2'={}");
    CHECK_EQUAL(listed_in(query, KeyList("b\0")), "#b='2'={}");
    CHECK_EQUAL(listed_in(query, all, ""), "#a='1'#b='2'");
    CHECK(comment::may_have_comments("SELECT 1 /* a = '1' */", "", all));
    CHECK(!comment::may_have_comments("SELECT 1 /* a = '1' */", "Bemi"));
    CHECK(!comment::may_have_comments("SELECT a = '1'", "Bemi", all));
}

TEST(text_that_only_looks_like_a_comment_is_data) {
    for (const char *query :
         {"SELECT '/*a=''1''*/'", "SELECT $$/*a='1'*/$$", "SELECT 1 AS \"/*a='1'*/\"", "SELECT 1 --/*a='1'*/",
          "SELECT E'\\'/*a=\\'1\\'*/'", "SELECT 1 /* /*a='1'*/ */", "SELECT 1 /*a='1'"})
        CHECK_EQUAL(listed_in(query, all), "");
    CHECK_EQUAL(listed_in("SELECT 1 /*a='/* nested */'*/", all), "#a='/* nested */'");
    CHECK_EQUAL(listed_in("SELECT 1 /*a='*/ /*b='2'*/", all), "#b='2'");
}

TEST(a_list_of_keys_can_be_copied) {
    CHECK_EQUAL(KeyList().bytes(), "");
    CHECK_EQUAL(KeyList("a\0bc\0").bytes(), "a\0bc\0"sv);
    CHECK(KeyList().is_empty() && !all.is_empty());
}

TEST(no_text_takes_more_than_linear_time) {
    std::string many = "a='1'";
    for (int i = 0; i < 200'000; ++i)
        many += ",b='%41'";
    const auto start = std::chrono::steady_clock::now();
    CHECK(tags::has_listed(many, KeyList("b\0")));
    CHECK(!tags::has_listed(std::string(2'000'000, ' '), all));
    CHECK(!tags::has_listed("a='" + std::string(2'000'000, '\\'), all));
    CHECK(std::chrono::steady_clock::now() - start < 5s);
}
