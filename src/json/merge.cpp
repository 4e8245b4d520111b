// All text here was validated, so nothing checks it again.
#include "json/object.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string>
#include <vector>

namespace bemi::json {

namespace {

/// A top-level member. Key and value are parts of the text; the name is the decoded key.
struct Member {
    std::string_view name;
    std::string_view key;
    std::string_view value;
    bool survives = false;
};

/// Returns the top-level members of an object one after the other.
class Reader {
public:
    explicit Reader(std::string_view json) noexcept : rest_(json) { skip(" \t\n\r{"); }

    bool next(Member &member) noexcept {
        if (rest_.empty() || rest_.front() == '}')
            return false;
        member.key = take(string_size());
        skip(" \t\n\r:");
        member.value = take(value_size());
        skip(" \t\n\r,");
        return true;
    }

private:
    void skip(std::string_view bytes) noexcept {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(bytes), rest_.size()));
    }

    std::string_view take(size_t size) noexcept {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    /// The size of the string that starts at `start`, its quotes included.
    size_t string_size(size_t start = 0) const noexcept {
        size_t at = start + 1;
        while (rest_[at] != '"')
            at += rest_[at] == '\\' ? 2 : 1;
        return at + 1 - start;
    }

    size_t value_size() const noexcept {
        switch (rest_.front()) {
        case '"':
            return string_size();
        case '{':
        case '[':
            return container_size();
        default:
            return rest_.find_first_of(" \t\n\r,}");
        }
    }

    size_t container_size() const noexcept {
        size_t at = 0;
        size_t depth = 0;
        do {
            switch (rest_[at]) {
            case '"':
                at += string_size(at);
                continue;
            case '{':
            case '[':
                ++depth;
                break;
            case '}':
            case ']':
                --depth;
                break;
            }
            ++at;
        } while (depth > 0);
        return at;
    }

    std::string_view rest_;
};

void append_utf8(std::string &out, uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
        return;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out += static_cast<char>(lead[more] | (code >> (6 * more)));
    for (int i = more - 1; i >= 0; --i)
        out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3f));
}

uint32_t hexadecimal(const char *digits) noexcept {
    uint32_t value = 0;
    (void)std::from_chars(digits, digits + 4, value, 16);
    return value;
}

/// Appends the character for which the escape sequence at `at` stands; returns the place after it.
const char *append_unescaped(std::string &out, const char *at) {
    if (at[1] != 'u') {
        constexpr std::string_view letters = "bfnrt";
        constexpr std::string_view controls = "\b\f\n\r\t";
        const size_t letter = letters.find(at[1]);
        out += letter == std::string_view::npos ? at[1] : controls[letter];
        return at + 2;
    }
    const uint32_t unit = hexadecimal(at + 2);
    if (unit < 0xd800 || unit > 0xdfff) {
        append_utf8(out, unit);
        return at + 6;
    }
    append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (hexadecimal(at + 8) - 0xdc00));
    return at + 12;
}

void append_decoded(std::string &out, std::string_view key) {
    const char *end = key.data() + key.size();
    for (const char *at = key.data(); at != end;) {
        if (*at == '\\')
            at = append_unescaped(out, at);
        else
            out += *at++;
    }
}

/// The key as it is written, without its quotes.
std::string_view written_name(const Member &member) noexcept {
    return member.key.substr(1, member.key.size() - 2);
}

bool is_named(const Member &member, std::string_view name) {
    const std::string_view written = written_name(member);
    if (written.find('\\') == std::string_view::npos)
        return written == name;
    std::string decoded;
    append_decoded(decoded, written);
    return decoded == name;
}

/// The members of both objects in the order of the text, and the memory of decoded keys.
class Members {
public:
    Members(std::string_view base, std::string_view patch) : text_size_(base.size() + patch.size()) {
        members_.reserve(16); // few contexts have more members
        read(base);
        patch_ = members_.size();
        read(patch);
    }

    /// Of members with equal names the last one survives, so a member of the patch replaces one of the base.
    void choose(Nulls nulls) {
        std::vector<size_t> order(members_.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::sort(order.begin(), order.end(), [this](size_t a, size_t b) {
            const int names = members_[a].name.compare(members_[b].name);
            return names != 0 ? names < 0 : a < b;
        });
        for (size_t i = 0; i < order.size(); ++i) {
            const bool last = i + 1 == order.size() || members_[order[i]].name != members_[order[i + 1]].name;
            const bool removed =
                nulls == Nulls::remove && order[i] >= patch_ && members_[order[i]].value == "null";
            members_[order[i]].survives = last && !removed;
        }
    }

    size_t write(char *out) const noexcept {
        char *at = out;
        const auto put = [&at](std::string_view text) { at += text.copy(at, text.size()); };
        put("{");
        for (const Member &member : members_) {
            if (!member.survives)
                continue;
            if (at != out + 1)
                put(",");
            put(member.key);
            put(":");
            put(member.value);
        }
        put("}");
        return static_cast<size_t>(at - out);
    }

private:
    void read(std::string_view json) {
        Reader reader(json);
        for (Member member; reader.next(member);) {
            member.name = decode(written_name(member));
            members_.push_back(member);
        }
    }

    std::string_view decode(std::string_view key) {
        if (key.find('\\') == std::string_view::npos)
            return key;
        decoded_.reserve(text_size_); // enough for all keys: the views of it stay valid
        const size_t start = decoded_.size();
        append_decoded(decoded_, key);
        return std::string_view(decoded_).substr(start);
    }

    size_t text_size_;
    size_t patch_ = 0; // the first member of the patch
    std::vector<Member> members_;
    std::string decoded_;
};

} // namespace

bool is_empty(std::string_view json) noexcept {
    const size_t first = json.find_first_not_of(" \t\n\r{");
    return first == std::string_view::npos || json[first] == '}';
}

std::string_view member(std::string_view json, std::string_view name) {
    std::string_view value;
    Reader reader(json);
    for (Member member; reader.next(member);)
        if (is_named(member, name))
            value = member.value;
    return value;
}

size_t merge(std::string_view base, std::string_view patch, Nulls nulls, char *out) {
    Members members(base, patch);
    members.choose(nulls);
    return members.write(out);
}

} // namespace bemi::json
