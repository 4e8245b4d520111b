#include "history/select.hpp"

namespace bemi::history {
namespace {

bool receive(TupleTableSlot *slot, DestReceiver *self) {
    auto *receiver = reinterpret_cast<RowReceiver *>(self);
    slot_getallattrs(slot);
    MemoryContext caller = MemoryContextSwitchTo(receiver->memory);
    receiver->use(receiver->closure, slot);
    MemoryContextSwitchTo(caller);
    MemoryContextReset(receiver->memory);
    return true;
}

SPIPlanPtr prepare(const char *sql, std::span<const Oid> types, int options) {
    SPIPlanPtr plan =
        SPI_prepare_cursor(sql, static_cast<int>(types.size()), const_cast<Oid *>(types.data()), options);
    if (plan == nullptr)
        elog(ERROR, "SPI_prepare_cursor failed: %s: %s", SPI_result_code_string(SPI_result), sql);
    return plan;
}

ParamListInfo parameters(const Query &query, const Datum *values, const bool *nulls) {
    ParamListInfo list = makeParamList(static_cast<int>(query.types.size()));
    for (int i = 0; i < list->numParams; i++)
        list->params[i] = {.value = values[i],
                           .isnull = nulls != nullptr && nulls[i],
                           .pflags = PARAM_FLAG_CONST,
                           .ptype = query.types[static_cast<size_t>(i)]};
    return list;
}

} // namespace

Query saved(SPIPlanPtr &plan, const char *sql, std::span<const Oid> types) {
    if (plan == nullptr) {
        SPIPlanPtr made = prepare(sql, types, CURSOR_OPT_GENERIC_PLAN);
        (void)SPI_keepplan(made);
        plan = made;
    }
    return {plan, types};
}

Query single(const char *sql, std::span<const Oid> types) {
    return {prepare(sql, types, CURSOR_OPT_CUSTOM_PLAN), types};
}

Query repeated(const char *sql, std::span<const Oid> types) {
    return {prepare(sql, types, CURSOR_OPT_GENERIC_PLAN), types};
}

void run(const Query &query, const Datum *values, const bool *nulls, RowReceiver &receiver) {
    receiver.receiver.receiveSlot = receive;
    receiver.receiver.rStartup = [](DestReceiver *, int, TupleDesc) {};
    receiver.receiver.rShutdown = [](DestReceiver *) {};
    receiver.receiver.rDestroy = [](DestReceiver *) {};
    receiver.receiver.mydest = DestNone;
    receiver.memory = AllocSetContextCreate(CurrentMemoryContext, "bemi row", ALLOCSET_DEFAULT_SIZES);
    SPIExecuteOptions options{};
    options.params = parameters(query, values, nulls);
    options.read_only = true; // the active snapshot is used, and not a new one
    options.dest = &receiver.receiver;
    const int result = SPI_execute_plan_extended(query.plan, &options);
    MemoryContextDelete(receiver.memory);
    if (result < 0)
        elog(ERROR, "SPI_execute_plan_extended failed: %s", SPI_result_code_string(result));
}

} // namespace bemi::history
