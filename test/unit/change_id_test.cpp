#include "check.hpp"
#include "decode/change_id.hpp"

#include <set>

using bemi::decode::ChangeId;
using bemi::decode::Timeline;

namespace {

constexpr uint64_t system_identifier = 7314159265358979323;
constexpr Timeline timeline{1, 0};
constexpr uint32_t database = 16384;

std::string text(const ChangeId &id, uint64_t sequence) {
    char out[bemi::uuid_text_size];
    return {out, id.write(out, sequence)};
}

std::string text(uint64_t commit_position, uint64_t sequence) {
    return text(ChangeId{system_identifier, timeline, database, commit_position}, sequence);
}

} // namespace

// Consumers keep these: they must never change.
TEST(known_ids) {
    CHECK_EQUAL(text(23897512, 0), "0000002d-94b5-8000-8000-019f37d25f16");
    CHECK_EQUAL(text(23897512, 1), "0000002d-94b5-8000-8000-05ecf1cd13df");
    CHECK_EQUAL(text(uint64_t{1} << 50, 0xFEDCBA98), "80000000-0000-8fed-b2ea-610f51581a59");
}

TEST(layout) {
    const std::string id = text(uint64_t{0x123456789ABC} << 3, 0xFEDCBA98);
    CHECK_EQUAL(id.substr(0, 14), "12345678-9abc-");
    CHECK_EQUAL(id.substr(14, 5), "8fed-");
    // variant 10, then cba98 from the third bit on
    CHECK_EQUAL(id.substr(19, 4), "b2ea");
    CHECK(id[24] >= '4' && id[24] <= '7'); // and two bits of the hash
}

TEST(ids_sort_by_commit_position_and_sequence) {
    std::string last;
    for (const uint64_t commit_position : {8, 16, 4096, 1 << 30})
        for (const uint64_t sequence : {0, 1, 2, 1 << 19, 1 << 20, 1 << 21, 1 << 30}) {
            const std::string id = text(commit_position, sequence);
            CHECK(last < id);
            last = id;
        }
}

TEST(each_part_of_the_identity_counts) {
    std::set<std::string> ids;
    for (uint64_t system = 0; system < 10; system++)
        for (const Timeline at : {timeline, Timeline{2, 8}, Timeline{2, 16}, Timeline{3, 16}})
            for (uint32_t oid = 0; oid < 10; oid++)
                for (uint64_t commit_position = 0; commit_position < 80; commit_position += 8)
                    for (uint64_t sequence = 0; sequence < 10; sequence++)
                        ids.insert(text(ChangeId{system, at, oid, commit_position}, sequence));
    CHECK_EQUAL(ids.size(), size_t{40000});
}
