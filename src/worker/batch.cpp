#include "batch.hpp"

namespace bemi {

void Batch::open() {
    *this = Batch{};
    initStringInfo(&memory_);
    owner_ = ResourceOwnerCreate(nullptr, "bemi batch");
}

void Batch::add(std::string_view record) {
    if (records_++ == 0)
        begun_at_ = GetCurrentTimestamp();
    const auto size = static_cast<uint32>(record.size());
    if (static_cast<size_t>(memory_.len) + sizeof(size) + record.size() > most_in_memory)
        spill();
    if (record.size() > most_in_memory) {
        compat::write_file(spilled_, &size, sizeof(size));
        compat::write_file(spilled_, record.data(), record.size());
        return;
    }
    appendBinaryStringInfo(&memory_, reinterpret_cast<const char *>(&size), sizeof(size));
    appendBinaryStringInfo(&memory_, record.data(), static_cast<int>(record.size()));
}

/// Empties the memory into the file.
void Batch::spill() {
    if (spilled_ == nullptr) {
        ResourceOwner caller_owner = CurrentResourceOwner;
        MemoryContext caller = MemoryContextSwitchTo(GetMemoryChunkContext(memory_.data));
        const bool outlives_transaction = true;
        CurrentResourceOwner = owner_;
        spilled_ = BufFileCreateTemp(outlives_transaction);
        CurrentResourceOwner = caller_owner;
        MemoryContextSwitchTo(caller);
    }
    compat::write_file(spilled_, memory_.data, static_cast<size_t>(memory_.len));
    resetStringInfo(&memory_);
}

Batch::Reader::Reader(Batch &batch) : batch_{batch}, in_file_{batch.spilled_ != nullptr} {
    if (in_file_ && BufFileSeek(batch.spilled_, 0, 0, SEEK_SET) != 0)
        elog(ERROR, "could not rewind the temporary file of changes");
}

const char *Batch::Reader::next() {
    if (in_file_) {
        if (const char *record = from_file())
            return record;
        in_file_ = false;
    }
    return from_memory();
}

const char *Batch::Reader::from_file() {
    uint32 size;
    if (!read(&size, sizeof(size)))
        return nullptr;
    auto *record = static_cast<char *>(palloc(size));
    if (!read(record, size))
        elog(ERROR, "unexpected end of the temporary file of changes");
    return record;
}

/// False at the end of the file.
bool Batch::Reader::read(void *to, size_t size) {
    const size_t got = BufFileRead(batch_.spilled_, to, size);
    if (got != 0 && got != size)
        elog(ERROR, "unexpected end of the temporary file of changes");
    return got == size;
}

const char *Batch::Reader::from_memory() {
    if (offset_ == static_cast<size_t>(batch_.memory_.len))
        return nullptr;
    uint32 size;
    memcpy(&size, batch_.memory_.data + offset_, sizeof(size));
    const char *record = batch_.memory_.data + offset_ + sizeof(size);
    offset_ += sizeof(size) + size;
    return record;
}

void Batch::clear() {
    if (spilled_ != nullptr)
        BufFileClose(spilled_);
    spilled_ = nullptr;
    resetStringInfo(&memory_);
    records_ = 0;
}

} // namespace bemi
