#include "base/table_watch.hpp"

namespace bemi {

void TableWatch::on_relation_change(Datum watch, Oid relation) {
    auto *self = reinterpret_cast<TableWatch *>(DatumGetPointer(watch));
    self->may_have_changed_ |= !OidIsValid(relation) || relation == self->table_;
}

void TableWatch::begin() {
    if (!is_registered_)
        CacheRegisterRelcacheCallback(on_relation_change, PointerGetDatum(this));
    is_registered_ = true;
    may_have_changed_ = false;
}

} // namespace bemi
