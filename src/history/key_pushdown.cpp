#include "history/key_pushdown.hpp"

#include "base/names.hpp"
#include "history/relation_past.hpp"

#include <algorithm>

namespace bemi::history {
namespace {

constinit set_rel_pathlist_hook_type next_hook = nullptr;

constexpr int keys_argument = 6;
constexpr double keys_of_parameter = 10; // how many keys an array has whose elements are not known

/// A column of the primary key, and what it is compared with.
struct KeyColumn {
    AttrNumber number;
    Oid opfamily;
    Expr *value; // or an array of values
    double count;
};

/// Whether values of the type are equal only if their texts are. Of numeric that is not so: 1 = 1.0.
bool has_one_text(Oid type) {
    switch (type) {
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case TEXTOID:
    case VARCHAROID:
    case UUIDOID:
    case BYTEAOID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
    case MACADDROID:
        return true;
    default:
        return type_is_enum(type);
    }
}

Node *without_relabel(Node *node) {
    while (node != nullptr && IsA(node, RelabelType))
        node = reinterpret_cast<Node *>(reinterpret_cast<RelabelType *>(node)->arg);
    return node;
}

bool is_column(Node *node, Index relation, AttrNumber number) {
    node = without_relabel(node);
    const auto *variable = reinterpret_cast<Var *>(node);
    return node != nullptr && IsA(node, Var) && static_cast<Index>(variable->varno) == relation &&
           variable->varattno == number && variable->varlevelsup == 0;
}

/// Whether the operator tells the column's values apart as their texts do.
bool is_equality(Oid operation, Oid opfamily, Oid collation) {
    return get_op_opfamily_strategy(operation, opfamily) == BTEqualStrategyNumber &&
           (!OidIsValid(collation) || get_collation_isdeterministic(collation));
}

double count_of(Expr *array) {
    if (IsA(array, ArrayExpr))
        return list_length(reinterpret_cast<ArrayExpr *>(array)->elements);
    const auto *constant = reinterpret_cast<Const *>(array);
    if (!IsA(array, Const) || constant->constisnull)
        return keys_of_parameter;
    ArrayType *values = DatumGetArrayTypeP(constant->constvalue);
    return ArrayGetNItems(ARR_NDIM(values), ARR_DIMS(values));
}

/// Sets what the column is compared with, if `value` does not depend on a row.
bool set_value(KeyColumn &column, Node *value, bool is_array) {
    const Oid type = exprType(value), element = is_array ? get_element_type(type) : type;
    if (!has_one_text(getBaseType(element)) || contain_var_clause(value) || contain_volatile_functions(value))
        return false;
    column.value = reinterpret_cast<Expr *>(value);
    column.count = is_array ? count_of(column.value) : 1;
    return true;
}

/// Sets it from a clause `column = value` or `column = ANY (array)`.
bool set_from_clause(KeyColumn &column, Index relation, Node *clause) {
    if (IsA(clause, OpExpr)) {
        auto *operation = reinterpret_cast<OpExpr *>(clause);
        if (list_length(operation->args) != 2 ||
            !is_equality(operation->opno, column.opfamily, operation->inputcollid))
            return false;
        auto *left = static_cast<Node *>(linitial(operation->args)),
             *right = static_cast<Node *>(lsecond(operation->args));
        return (is_column(left, relation, column.number) && set_value(column, right, false)) ||
               (is_column(right, relation, column.number) && set_value(column, left, false));
    }
    if (!IsA(clause, ScalarArrayOpExpr))
        return false;
    auto *operation = reinterpret_cast<ScalarArrayOpExpr *>(clause);
    return operation->useOr && is_equality(operation->opno, column.opfamily, operation->inputcollid) &&
           is_column(static_cast<Node *>(linitial(operation->args)), relation, column.number) &&
           set_value(column, static_cast<Node *>(lsecond(operation->args)), true);
}

/// Finds a clause for the column among those of the relation.
bool set_from_clauses(KeyColumn &column, const RelOptInfo *relation) {
    for (int i = 0; i < list_length(relation->baserestrictinfo); i++) {
        const auto *restriction = static_cast<RestrictInfo *>(list_nth(relation->baserestrictinfo, i));
        if (set_from_clause(column, relation->relid, reinterpret_cast<Node *>(restriction->clause)))
            return true;
    }
    return false;
}

/// Whether it is bemi.as_of(), with no keys yet.
bool lacks_keys(const FuncExpr *call) {
    if (list_length(call->args) <= keys_argument || call->funcresulttype == RECORDOID)
        return false;
    const auto *keys = static_cast<Const *>(list_nth(call->args, keys_argument));
    const char *name = get_func_name(call->funcid);
    return IsA(keys, Const) && keys->constisnull && keys->consttype == TEXTARRAYOID && name != nullptr &&
           strcmp(name, "as_of") == 0 && get_func_namespace(call->funcid) == names::own_schema();
}

/// The expression bemi.keys_of(relation, value, …).
Expr *keys_of(Oid relation, std::span<const KeyColumn> key) {
    const Oid types[] = {OIDOID, ANYOID};
    List *name = list_make2(makeString(pstrdup("bemi")), makeString(pstrdup("keys_of")));
    const bool missing_ok = true;
    const Oid function = LookupFuncName(name, 2, types, missing_ok);
    if (!OidIsValid(function))
        return nullptr;
    List *arguments =
        list_make1(makeConst(OIDOID, -1, InvalidOid, sizeof(Oid), ObjectIdGetDatum(relation), false, true));
    for (const KeyColumn &column : key)
        arguments = lappend(arguments, copyObjectImpl(column.value));
    FuncExpr *call =
        makeFuncExpr(function, TEXTARRAYOID, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
    return reinterpret_cast<Expr *>(call);
}

/// The columns of the table's primary key with their values; an empty span unless each has one.
std::span<KeyColumn> key_with_values(Relation table, const RelOptInfo *relation) {
    const Oid oid = primary_key_of(table);
    if (!OidIsValid(oid))
        return {};
    Relation index = index_open(oid, AccessShareLock);
    const auto count = static_cast<size_t>(index->rd_index->indnkeyatts);
    auto *key = static_cast<KeyColumn *>(palloc0(sizeof(KeyColumn) * count));
    bool is_complete = true;
    for (size_t i = 0; is_complete && i < count; i++) {
        key[i].number = index->rd_index->indkey.values[i];
        key[i].opfamily = index->rd_opfamily[i];
        const Oid type = TupleDescAttr(RelationGetDescr(table), key[i].number - 1)->atttypid;
        is_complete = has_one_text(getBaseType(type)) && set_from_clauses(key[i], relation);
    }
    index_close(index, AccessShareLock);
    return {key, is_complete ? count : 0};
}

/// Plans for the few rows that the keys can have.
void plan_for_keys(PlannerInfo *root, RelOptInfo *relation, double count) {
    relation->tuples = clamp_row_est(count);
    relation->rows = std::min(relation->rows, relation->tuples);
    relation->pathlist = NIL;
    relation->partial_pathlist = NIL;
    add_path(relation, create_functionscan_path(root, relation, NIL, relation->lateral_relids));
}

void push_keys(PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry, FuncExpr *call) {
    const Oid table_oid = get_typ_typrelid(exprType(static_cast<Node *>(linitial(call->args))));
    Relation table = OidIsValid(table_oid) ? try_relation_open(table_oid, AccessShareLock) : nullptr;
    if (table == nullptr)
        return;
    // The plan is made anew when the table gets another primary key.
    root->glob->relationOids = lappend_oid(root->glob->relationOids, table_oid);
    const std::span<const KeyColumn> key = key_with_values(table, relation);
    relation_close(table, NoLock);
    Expr *keys = key.empty() ? nullptr : keys_of(table_oid, key);
    if (keys == nullptr)
        return;
    auto *pushed = static_cast<FuncExpr *>(copyObjectImpl(call));
    list_nth_cell(pushed->args, keys_argument)->ptr_value = keys;
    auto *function = static_cast<RangeTblFunction *>(linitial(entry->functions));
    function->funcexpr = reinterpret_cast<Node *>(pushed);
    double count = 1;
    for (const KeyColumn &column : key)
        count *= column.count;
    plan_for_keys(root, relation, count);
}

void watch_relation(PlannerInfo *root, RelOptInfo *relation, Index index, RangeTblEntry *entry) {
    if (next_hook != nullptr)
        next_hook(root, relation, index, entry);
    if (entry->rtekind != RTE_FUNCTION || list_length(entry->functions) != 1 ||
        relation->reloptkind != RELOPT_BASEREL || relation->baserestrictinfo == NIL)
        return;
    auto *call =
        reinterpret_cast<FuncExpr *>(static_cast<RangeTblFunction *>(linitial(entry->functions))->funcexpr);
    if (IsA(call, FuncExpr) && lacks_keys(call))
        push_keys(root, relation, entry, call);
}

} // namespace

void watch_planning() {
    next_hook = set_rel_pathlist_hook;
    set_rel_pathlist_hook = watch_relation;
}

} // namespace bemi::history
