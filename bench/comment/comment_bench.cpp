// What context costs a statement before PostgreSQL even sees it: scanning for comments, validating and
// merging.
#include "context/comment.hpp"
#include "json/object.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace {

/// The best of several rounds, in ns per call: what is not disturbed by the rest of the machine.
template <typename Call> double measure(Call call) {
    constexpr int rounds = 15;
    constexpr int calls = 20'000;
    double best = 1e9;
    for (int round = 0; round < rounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; ++i)
            call();
        const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
        best = std::min(best, elapsed.count() / calls);
    }
    return best;
}

/// Keeps the compiler from leaving out what computes `value`.
template <typename T> void keep(const T &value) {
    asm volatile("" : : "r"(&value) : "memory");
}

const bemi::KeyList all_tags("*\0");

size_t scan(std::string_view query, bemi::KeyList tags = {}) {
    bemi::context::comment::Scanner scanner(query, "Bemi", false, tags);
    size_t events = 0;
    for (bemi::context::comment::Event event; scanner.next(event);)
        ++events;
    return events;
}

/// A query of `size` bytes with what an ORM writes, and `tail` at its end.
std::string query_of(size_t size, std::string_view tail) {
    std::string query = "UPDATE \"todo\" SET \"task\" = $1, \"is_completed\" = true, \"updated_at\" = "
                        "'2023-12-11 17:09:15.123456' "
                        "WHERE \"todo\".\"id\" = 26 AND \"todo\".\"owner_id\" IN (1, 2, 3)";
    while (query.size() + tail.size() < size)
        query += " AND priority_level <> 4";
    query.resize(size - tail.size(), ' ');
    return query.append(tail);
}

void report(const char *what, double nanoseconds) {
    std::printf("%-48s %8.0f ns\n", what, nanoseconds);
}

} // namespace

int main() {
    const std::string context = R"({"user_id":187234,"endpoint":"/todo/complete","method":"PUT"})";
    const std::string patch = R"({"user_id":7,"request_id":"0193f8a2-77c1-7e3b"})";
    const std::string with = query_of(300, " /*Bemi " + context + " Bemi*/");
    const std::string tagged =
        query_of(300, " /*action='complete',controller='todos',"
                      "traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/");
    const std::string without = query_of(300, "");
    std::vector<char> out(bemi::json::merge_bound(context, patch));

    report("scan, 300 bytes with a comment at the end", measure([&] { keep(scan(with)); }));
    report("scan, 300 bytes without a comment", measure([&] { keep(scan(without)); }));
    report("possible, 300 bytes without a comment",
           measure([&] { keep(bemi::context::comment::may_have_comments(without, "Bemi")); }));
    report("possible, the same with bemi.sqlcommenter on",
           measure([&] { keep(bemi::context::comment::may_have_comments(without, "Bemi", all_tags)); }));
    report("scan, 300 bytes with tags at the end", measure([&] { keep(scan(tagged, all_tags)); }));
    report("validate, 61 bytes", measure([&] { keep(bemi::json::validate(context, true, nullptr)); }));
    report("merge, 61 and 47 bytes",
           measure([&] { keep(bemi::json::merge(context, patch, bemi::json::Nulls::keep, out.data())); }));
}
