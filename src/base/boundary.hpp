// The fence between C++ exceptions and ereport(ERROR). PostgreSQL unwinds the stack with longjmp, which runs
// no destructors; C++ unwinds it with exceptions, for which PostgreSQL's frames have no handlers. Therefore
// neither may cross a frame of the other.
#pragma once

#include "base/compat.hpp"

#include <new>
#include <stdexcept>
#include <type_traits>

/// Declares and opens a C function that SQL can call: BEMI_FUNCTION(bemi_x) { ... }.
#define BEMI_FUNCTION(name)                                                                                  \
    extern "C" {                                                                                             \
    PG_FUNCTION_INFO_V1(name);                                                                               \
    PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                                                                \
    }                                                                                                        \
    Datum name([[maybe_unused]] PG_FUNCTION_ARGS)

namespace bemi {

/// Returns what `body` returns. `body` is C++ code that may throw, but calls no function of PostgreSQL; its
/// result is trivially destructible. An exception becomes an ERROR: 53200 for std::bad_alloc, XX000 for any
/// other. It is raised after the catch block, because an ereport inside would leak the exception object.
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
    ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("unexpected C++ exception: %s", reason)));
}

} // namespace bemi
