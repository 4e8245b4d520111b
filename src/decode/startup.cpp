#include "decode/startup.hpp"

#include "base/text.hpp"
#include "decode/formats.hpp"
#include "json/writer.hpp"

#include <new>

namespace bemi::decode {

namespace {

/// The texts of an OptionError, to be reported after its catch block.
struct OptionFailure {
    bool out_of_memory = false;
    char message[256] = "";
    char detail[256] = "";
    char hint[1024] = ""; // may list all options
};

template <size_t size> void copy_text(char (&to)[size], const char *from) {
    std::strncpy(to, from, size - 1);
}

std::vector<const FormatOptions *> options_of_formats() {
    std::vector<const FormatOptions *> all;
    for (const Format *format : formats())
        all.push_back(&format->options);
    return all;
}

/// Constructs the options in `place`. Returns false, with the reason in `failure`, if an option is wrong.
bool make_options(void *place, std::span<const Argument> arguments, OptionFailure &failure) noexcept {
    try {
        new (place) Options{parse_options(arguments, options_of_formats())};
        return true;
    } catch (const OptionError &error) {
        copy_text(failure.message, error.what());
        copy_text(failure.detail, error.detail.c_str());
        copy_text(failure.hint, error.hint.c_str());
    } catch (const std::exception &) { // parsing raises only std::bad_alloc besides
        failure.out_of_memory = true;
    }
    return false;
}

/// Removes the first part of a multibyte character that copy_text() may have cut in two.
const char *clipped(const char *text) {
    const auto size = static_cast<int>(strlen(text));
    return pnstrdup(text, static_cast<Size>(pg_mbcliplen(text, size, size)));
}

[[noreturn]] void raise_failure(const OptionFailure &failure) {
    if (failure.out_of_memory)
        ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s", clipped(failure.message)),
                    failure.detail[0] != '\0' ? errdetail("%s", clipped(failure.detail)) : 0,
                    failure.hint[0] != '\0' ? errhint("%s", clipped(failure.hint)) : 0));
    pg_unreachable();
}

void destroy_options(void *options) {
    static_cast<Options *>(options)->~Options();
}

/// No command can give an option a namespace, so an option with one comes from bemi's own worker.
std::span<const Argument> arguments_of(List *given) {
    const auto count = static_cast<size_t>(list_length(given));
    auto *arguments = static_cast<Argument *>(palloc0(sizeof(Argument) * count));
    for (size_t i = 0; i < count; i++) {
        auto *option = static_cast<DefElem *>(list_nth(given, static_cast<int>(i)));
        arguments[i].name = option->defname;
        arguments[i].is_internal = option->defnamespace != nullptr;
        if (option->arg != nullptr)
            arguments[i].value = defGetString(option);
    }
    return {arguments, count};
}

} // namespace

const Options &load_options(List *given) {
    void *place = palloc(sizeof(Options));
    auto *callback = static_cast<MemoryContextCallback *>(palloc0(sizeof(MemoryContextCallback)));
    const std::span<const Argument> arguments = arguments_of(given);

    OptionFailure failure;
    if (!make_options(place, arguments, failure))
        raise_failure(failure);
    callback->func = destroy_options;
    callback->arg = place;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
    return *static_cast<Options *>(place);
}

Session load_session(const Options &options) {
    // Catalogs can be read only in a transaction, and a walsender has none at this point.
    MemoryContext memory = CurrentMemoryContext;
    const bool own_transaction = !IsTransactionState();
    if (own_transaction)
        StartTransactionCommand();
    prepare_conversion();
    const char *name = MemoryContextStrdup(memory, get_database_name(MyDatabaseId));
    if (own_transaction)
        CommitTransactionCommand();
    MemoryContextSwitchTo(memory);
    return {.options = &options,
            .system_identifier = GetSystemIdentifier(),
            .database = MyDatabaseId,
            .database_name = json::text_of([name](json::Writer &out) { out.string(name); }),
            .text_settings = fixed_settings()};
}

} // namespace bemi::decode
