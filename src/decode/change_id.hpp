// The id of a change: a UUID of version 8. It is computed from the position of the change in the WAL of its
// cluster, so that a change has one id in every consumer and after every replay, and it sorts by commit
// position. This file does not include PostgreSQL.
//
//   48 bits  commit position / 8 (WAL records are aligned to 8 bytes)
//    4 bits  version, 8
//   12 bits  sequence, bits 31 to 20
//    2 bits  variant, binary 10
//   20 bits  sequence, bits 19 to 0
//   42 bits  hash of system identifier, timeline, database, commit position and sequence
#pragma once

#include "base/hex.hpp"

#include <cstddef>
#include <cstdint>

namespace bemi::decode {

/// A server begins a new timeline when it starts to write WAL of its own: a backup after its restore, or a
/// standby after its promotion. Two restored copies of one backup may give their timelines an equal number,
/// but hardly begin them at an equal position; hence both are part of the id.
struct Timeline {
    uint32_t id;
    uint64_t begin;
};

class ChangeId {
public:
    /// Computes the ids of the changes of one transaction, whose commit record is at `commit_position`.
    constexpr ChangeId(uint64_t system_identifier, Timeline timeline, uint32_t database,
                       uint64_t commit_position)
        : time_part_{(commit_position >> 3) << 16},
          seed_{mix(mix(mix(mix(system_identifier ^ mix(database)) ^ timeline.id) ^ timeline.begin) ^
                    commit_position)} {}

    [[nodiscard]] constexpr uint64_t high(uint64_t sequence) const {
        return time_part_ | uint64_t{8} << 12 | (sequence >> 20 & 0xFFF);
    }
    [[nodiscard]] constexpr uint64_t low(uint64_t sequence) const {
        return uint64_t{2} << 62 | (sequence & 0xFFFFF) << 42 | mix(seed_ ^ sequence) >> 22;
    }

    static constexpr size_t size = 16;

    /// Takes the place of the sequence in the id of the message at `position`. Messages are not numbered,
    /// because how many of them are decoded depends on what is streamed.
    [[nodiscard]] static constexpr uint64_t number_of_message(uint64_t position) {
        return uint64_t{1} << 63 | position;
    }

    /// Writes the 16 bytes of the id.
    void write_bytes(unsigned char *out, uint64_t sequence) const {
        put_big_endian(out, high(sequence));
        put_big_endian(out + 8, low(sequence));
    }

    /// Writes the text form and returns its end.
    char *write(char *out, uint64_t sequence) const {
        unsigned char bytes[size];
        write_bytes(bytes, sequence);
        return put_uuid(out, bytes);
    }

private:
    /// A bijective hash: every bit of the result depends on every bit of `x`.
    static constexpr uint64_t mix(uint64_t x) {
        for (int round = 0; round < 2; round++) {
            x += 0x9E3779B97F4A7C15;
            x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
            x = (x ^ x >> 27) * 0x94D049BB133111EB;
            x ^= x >> 31;
        }
        return x;
    }

    static void put_big_endian(unsigned char *out, uint64_t value) {
        for (int i = 0; i < 8; i++)
            out[i] = static_cast<unsigned char>(value >> (56 - 8 * i));
    }

    uint64_t time_part_;
    uint64_t seed_;
};

} // namespace bemi::decode
