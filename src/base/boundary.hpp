// The fence between C++ exceptions and ereport. PostgreSQL unwinds with longjmp, which runs no destructors;
// C++ unwinds with exceptions, which no PostgreSQL frame understands. So neither ever crosses the other's
// frames.
#pragma once

#include "base/compat.hpp"

#include <new>
#include <stdexcept>
#include <type_traits>

/// Declares and opens a function that PostgreSQL calls through fmgr: BEMI_FUNCTION(bemi_x) { ... }.
#define BEMI_FUNCTION(name)                                                                                  \
    extern "C" {                                                                                             \
    PG_FUNCTION_INFO_V1(name);                                                                               \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                                \
    }                                                                                                        \
    Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

namespace bemi {

/// Runs `body`, C++ that may throw but calls no PostgreSQL, and turns an exception into an ERROR after the
/// catch block was left (an ereport inside it would leak the exception object). `body` returns something
/// trivially destructible.
template <typename Body> auto cpp_call(Body &&body) -> std::invoke_result_t<Body> {
    static_assert(std::is_trivially_destructible_v<std::invoke_result_t<Body>> ||
                  std::is_void_v<std::invoke_result_t<Body>>);
    char reason[256] = "";
    bool out_of_memory = false;
    try {
        return body();
    } catch (const std::bad_alloc &) {
        out_of_memory = true;
    } catch (const std::exception &e) {
        std::strncpy(reason, e.what(), sizeof(reason) - 1);
    }
    if (out_of_memory)
        ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("unexpected error in bemi: %s", reason)));
}

} // namespace bemi
