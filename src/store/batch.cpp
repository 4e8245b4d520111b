#include "store/batch.hpp"

#include "base/memory.hpp"
#include "base/text.hpp"

namespace bemi::store {

void Batch::open() {
    *this = Batch{};
    initStringInfo(&memory_);
    initStringInfo(&context_);
    owner_ = ResourceOwnerCreate(nullptr, "bemi batch");
}

void Batch::add(std::string_view change, std::string_view context) {
    if (!has_context_ || view_of(context_) != context)
        add_context(context);
    add(change);
}

void Batch::add(std::string_view record) {
    if (records_++ == 0)
        begun_at_ = GetCurrentTimestamp();
    const bool is_context = false;
    add_entry(record, is_context);
}

void Batch::add_context(std::string_view context) {
    bemi::clear(&context_);
    appendBinaryStringInfo(&context_, context.data(), static_cast<int>(context.size()));
    has_context_ = true;
    const bool is_context = true;
    add_entry(context, is_context);
}

void Batch::add_entry(std::string_view bytes, bool is_context) {
    const EntryHeader header{static_cast<uint32>(bytes.size()), is_context};
    if (static_cast<size_t>(memory_.len) + sizeof(header) + bytes.size() > max_in_memory)
        spill();
    append(&header, sizeof(header));
    append(bytes.data(), bytes.size());
}

void Batch::append(const void *bytes, size_t size) {
    if (size <= max_in_memory)
        return appendBinaryStringInfo(&memory_, static_cast<const char *>(bytes), static_cast<int>(size));
    spill();
    compat::write_file(spilled_, bytes, size);
}

/// Moves what is in memory to the file.
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
    initStringInfo(&context_);
    if (in_file_ && BufFileSeek(batch.spilled_, 0, 0, SEEK_SET) != 0)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind temporary file of changes: %m")));
}

const char *Batch::Reader::next(MemoryContext memory) {
    MemoryContext caller = MemoryContextSwitchTo(memory);
    const char *bytes = nullptr;
    EntryHeader entry;
    while (bytes == nullptr && next_entry(entry)) {
        if (entry.is_context)
            read_context(entry);
        else
            bytes = bytes_of(entry);
        bytes_ += entry.size;
    }
    if (bytes != nullptr)
        records_++;
    MemoryContextSwitchTo(caller);
    return bytes;
}

/// False at the end of the batch.
bool Batch::Reader::next_entry(EntryHeader &entry) {
    if (in_file_) {
        const size_t got = BufFileRead(batch_.spilled_, &entry, sizeof(entry));
        if (got == sizeof(entry))
            return true;
        if (got != 0)
            ereport(ERROR,
                    (errcode(ERRCODE_DATA_CORRUPTED), errmsg("unexpected end of temporary file of changes")));
        in_file_ = false;
    }
    if (offset_ == static_cast<size_t>(batch_.memory_.len))
        return false;
    read(&entry, sizeof(entry));
    return true;
}

/// The bytes of the entry, in the batch itself or in the current memory context.
const char *Batch::Reader::bytes_of(const EntryHeader &entry) {
    if (!in_file_) {
        const char *bytes = batch_.memory_.data + offset_;
        offset_ += entry.size;
        return bytes;
    }
    auto *bytes = static_cast<char *>(palloc(entry.size));
    read(bytes, entry.size);
    return bytes;
}

void Batch::Reader::read_context(const EntryHeader &entry) {
    bemi::clear(&context_);
    enlargeStringInfo(&context_, static_cast<int>(entry.size));
    read(context_.data, entry.size);
}

void Batch::Reader::read(void *to, size_t size) {
    if (in_file_) {
        if (BufFileRead(batch_.spilled_, to, size) != size)
            ereport(ERROR,
                    (errcode(ERRCODE_DATA_CORRUPTED), errmsg("unexpected end of temporary file of changes")));
        return;
    }
    memcpy(to, batch_.memory_.data + offset_, size);
    offset_ += size;
}

void Batch::clear() {
    if (spilled_ != nullptr)
        BufFileClose(spilled_);
    spilled_ = nullptr;
    resetStringInfo(&memory_);
    bemi::clear(&context_);
    has_context_ = false;
    records_ = 0;
}

} // namespace bemi::store
