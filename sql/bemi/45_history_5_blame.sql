-- bemi.blame(): who has given each column its present value.

-- A column has its value from the last change of it, if that has given it this value. Otherwise something else has: a change from
-- before the history began, or one that is not in it.
CREATE FUNCTION bemi.stored_blame(relation oid, key text, seen pg_snapshot) RETURNS TABLE (
    column_name name, value jsonb, since timestamptz, context jsonb, operation text, change uuid)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    shapes bemi.keyed_shape[];
    has_erased constant boolean := bemi.has_erased_values();
BEGIN
    IF $1 IS NULL OR $2 IS NULL THEN
        RETURN;
    END IF;
    shapes := bemi.shapes_by_key($1, true);
    RETURN QUERY
    WITH change AS MATERIALIZED (
        SELECT c.id, c.operation, c.context, c.committed_at, c.number,
               bemi.with_present_names(c.before, c.renamed) AS before, bemi.with_present_names(c.after, c.renamed) AS after,
               CASE WHEN has_erased THEN (SELECT x.changed FROM bemi.erased_in(c.id, c.committed_at, c.renamed) AS x) END AS erased
        FROM bemi.changes_of($1, shapes, $2, $3) WITH ORDINALITY AS c (id, operation, before, after, context, committed_at,
            transaction_id, commit_position, sequence, relation, renamed, number)
    ), last AS (
        SELECT * FROM change c ORDER BY c.number DESC LIMIT 1
    )
    SELECT a.attname, last.after->a.attname::text, k.committed_at, k.context,
           CASE WHEN k.number IS NOT NULL THEN k.operation WHEN last.after ? a.attname::text THEN 'BEFORE' END, k.id
    FROM last
    CROSS JOIN (SELECT * FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped) AS a
    LEFT JOIN LATERAL (
        SELECT c.number, c.after->a.attname::text AS given FROM change c
        WHERE c.operation NOT IN ('UPDATE', 'ERASURE') OR c.before->a.attname::text <> c.after->a.attname::text
           OR a.attname = ANY (c.erased)
        ORDER BY c.number DESC LIMIT 1
    ) AS m ON true
    LEFT JOIN change k ON k.number = m.number AND k.operation <> 'BASELINE'
        AND (last.after = '{}' OR bemi.is_same_value(m.given, last.after->a.attname::text))
    ORDER BY a.attnum;
END
$$;
COMMENT ON FUNCTION bemi.stored_blame(oid, text, pg_snapshot) IS 'Internal, for bemi.blame(): what it returns, as far as it is stored.';

-- Where a redacted value has changed, the change says so, and the next one no longer does.
CREATE FUNCTION bemi.is_same_value(given jsonb, last jsonb) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN given = last OR given = '"[REDACTED, changed]"' AND last = '"[REDACTED]"';
END
$$;
COMMENT ON FUNCTION bemi.is_same_value(jsonb, jsonb) IS 'Internal, for bemi.blame(): whether the value that a change has given is the last one.';

CREATE FUNCTION bemi.blame(relation regclass, key text) RETURNS TABLE (
    column_name name, value jsonb, since timestamptz, context jsonb, operation text, change uuid)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_blame';
CREATE FUNCTION bemi.blame(relation regclass, key numeric) RETURNS TABLE (
    column_name name, value jsonb, since timestamptz, context jsonb, operation text, change uuid)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_blame_of_number';
CREATE FUNCTION bemi.blame(relation regclass, key uuid) RETURNS TABLE (
    column_name name, value jsonb, since timestamptz, context jsonb, operation text, change uuid)
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_blame_of_uuid';
COMMENT ON FUNCTION bemi.blame(regclass, text) IS
    'The last change of each column of the row with this primary key: column_name, value, since (when it was committed), context, operation, change (its id).';
COMMENT ON FUNCTION bemi.blame(regclass, numeric) IS
    'The last change of each column of the row with this number as its primary key: column_name, value, since (when it was committed), context, operation, change (its id).';
COMMENT ON FUNCTION bemi.blame(regclass, uuid) IS
    'The last change of each column of the row with this UUID as its primary key: column_name, value, since (when it was committed), context, operation, change (its id).';
