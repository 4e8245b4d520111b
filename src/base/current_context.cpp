#include "base/current_context.hpp"

#include "base/spi.hpp"

namespace bemi {

Datum current_context() {
    Datum context = 0;
    MemoryContext caller = CurrentMemoryContext;
    spi::connected([&] {
        bool is_null;
        spi::run("SELECT bemi.current_context()");
        const Datum value = spi::value(1, &is_null);
        MemoryContext spi = MemoryContextSwitchTo(caller);
        context =
            is_null ? DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")) : datumCopy(value, false, -1);
        MemoryContextSwitchTo(spi);
    });
    return context;
}

} // namespace bemi
