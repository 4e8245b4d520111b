// bemi.server_and_database(). pg_control_system() would read a file each time.
#include "base/boundary.hpp"

namespace bemi::history {

BEMI_FUNCTION(bemi_server_and_database) {
    TupleDesc columns;
    if (get_call_result_type(fcinfo, nullptr, &columns) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum values[] = {Int64GetDatum(static_cast<int64>(GetSystemIdentifier())),
                      ObjectIdGetDatum(MyDatabaseId)};
    bool nulls[] = {false, false};
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

} // namespace bemi::history
