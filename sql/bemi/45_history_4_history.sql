-- bemi.history(): what has happened to one row.

CREATE FUNCTION bemi.is_stored(until timestamptz) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT max(p.committed_at - p.max_skew) > until FROM bemi.progress p);
END
$$;
COMMENT ON FUNCTION bemi.is_stored(timestamptz) IS 'Internal: whether a change is stored that was committed later than all those until then.';

-- A number has the text that the column gives it: 1.5 is 1.50 in numeric(10,2), and 26.0 is 26 in bigint.
CREATE FUNCTION bemi.number_as_key(relation oid, number numeric) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    type oid;
    modifier integer;
BEGIN
    SELECT a.atttypid, a.atttypmod INTO type, modifier
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = relation AND i.indisprimary AND i.indnkeyatts = 1;
    RETURN CASE WHEN type IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) THEN trim_scale(number)
                WHEN type = 'numeric'::regtype AND modifier >= 0 THEN round(number, ((modifier - 4 & 2047) # 1024) - 1024)
                ELSE number END::text;
END
$$;
COMMENT ON FUNCTION bemi.number_as_key(oid, numeric) IS 'Internal: the text of a number as the primary key of the table.';

CREATE TYPE bemi.row_change AS (
    id uuid, operation text, before jsonb, after jsonb, context jsonb, committed_at timestamptz, transaction_id bigint,
    commit_position bigint, sequence bigint, relation oid, renamed jsonb);
COMMENT ON TYPE bemi.row_change IS 'Internal: a change of one row, with its table or partition, and the present names of its columns.';

-- The loop finds what TRUNCATE and DROP TABLE have removed. An ERASURE leaves the row as it is. renamed is for bemi.with_present_names().
CREATE FUNCTION bemi.changes_of(relation oid, shapes bemi.keyed_shape[], key text, seen pg_snapshot) RETURNS SETOF bemi.row_change
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    last bemi.row_change;
    c bemi.row_change;
BEGIN
    FOR c IN
        WITH shape AS MATERIALIZED (SELECT * FROM unnest(shapes)),
        name AS (SELECT DISTINCT s.schema, s."table" FROM shape s),
        stay AS MATERIALIZED (SELECT * FROM bemi.stays_of($1, key)),
        -- OFFSET 0: the changes are looked for by key, however few the planner expects elsewhere
        change AS (
            SELECT x.*
            FROM name n CROSS JOIN stay s
            CROSS JOIN LATERAL (
                SELECT x.* FROM bemi.changes x
                WHERE x."table" = n."table" AND x.primary_key = s.place AND x.schema = n.schema
                  AND ROW(x.committed_at, x.commit_position, x.sequence) >= ROW(s.from_time, s.from_position, s.from_sequence)
                  AND ROW(x.committed_at, x.commit_position, x.sequence) < ROW(s.to_time, s.to_position, s.to_sequence)
                OFFSET 0
            ) AS x
            UNION ALL
            SELECT x.*
            FROM name n
            CROSS JOIN LATERAL (
                SELECT x.* FROM bemi.changes x
                WHERE x."table" = n."table" AND x.primary_key IS NULL AND x.schema = n.schema AND x.operation = 'TRUNCATE'
                OFFSET 0
            ) AS x
        )
        SELECT x.id, x.operation, x.before, x.after, x.context, x.committed_at, x.transaction_id, x.commit_position, x.sequence,
               s.relation, s.renamed
        FROM change x
        CROSS JOIN LATERAL (
            SELECT s.relation, s.renamed FROM shape s
            WHERE s.schema = x.schema AND s."table" = x."table"
              AND ROW(x.commit_position, x.sequence) >= ROW(s.from_position, s.from_sequence)
              AND (s.to_position IS NULL OR ROW(x.commit_position, x.sequence) < ROW(s.to_position, s.to_sequence))
            LIMIT 1
        ) AS s
        WHERE seen IS NULL OR x.created_at < transaction_timestamp() OR pg_visible_in_snapshot(x.transaction_id::text::xid8, seen)
        UNION ALL
        SELECT NULL, 'DROP', '{}', '{}', NULL, t.to_time, NULL, t.to_position, 9223372036854775807, t.relation, NULL
        FROM bemi.server_and_database() AS here
        JOIN bemi.tracking t ON t.system_identifier = here.system_identifier AND t.database = here.database
        WHERE t.relation IN (SELECT s.relation FROM shape s) AND t.reason = 'the table was dropped'
        ORDER BY committed_at, commit_position, sequence
    LOOP
        IF c.operation IN ('TRUNCATE', 'DROP') THEN
            CONTINUE WHEN last IS NULL OR last.after = '{}' OR last.relation <> c.relation;
            c.before := last.after;
        ELSIF c.operation = 'ERASURE' THEN
            c.before := coalesce(last.after, '{}');
            c.after := c.before;
        END IF;
        last := c;
        RETURN NEXT c;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.changes_of(oid, bemi.keyed_shape[], text, pg_snapshot) IS
    'Internal: the changes of one row, in their order, of those that the snapshot shows, if one is given.';

-- A row was valid until its next change, or until changes of the table may be missing. Then, and before its first change, the state
-- before a change is a row of its own. A value that is not known, before or after an UPDATE, says nothing about what it has changed.
-- Of an erased value it is known that the change has changed it: [null, null].
CREATE FUNCTION bemi.stored_history(relation oid, key text, since timestamptz, until timestamptz, seen pg_snapshot) RETURNS TABLE (
    change uuid, operation text, valid tstzrange, changed jsonb, row_data jsonb, context jsonb, committed_at timestamptz, transaction_id bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    shapes bemi.keyed_shape[];
    has_erased constant boolean := bemi.has_erased_values();
BEGIN
    IF since > until THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s is after %s', since, until);
    ELSIF $1 IS NULL OR $2 IS NULL THEN
        RETURN;
    END IF;
    shapes := bemi.shapes_by_key($1, false);
    RETURN QUERY
    WITH span AS MATERIALIZED (
        SELECT t.from_time, t.to_time FROM bemi.server_and_database() AS here
        JOIN bemi.tracking t ON t.system_identifier = here.system_identifier AND t.database = here.database AND t.relation = $1
    ), change AS (
        SELECT c.*, span.*, lead(c.committed_at) OVER w AS next_time, lag(c.committed_at) OVER w AS last_time,
               lag(span.ended) OVER w AS last_ended
        FROM bemi.changes_of($1, shapes, $2, $5) WITH ORDINALITY AS c (id, operation, before, after, context, committed_at,
            transaction_id, commit_position, sequence, relation, renamed, number)
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE s.to_time <= c.committed_at) AS ended,
                   max(s.from_time) FILTER (WHERE s.from_time <= c.committed_at) AS begin_time,
                   min(s.to_time) FILTER (WHERE s.to_time > c.committed_at) AS end_time
            FROM span s
        ) AS span
        WINDOW w AS (ORDER BY c.number)
    ), listed AS (
        SELECT c.*, row_number() OVER (ORDER BY c.number) = 1 AS is_first, 
               c.ended > c.last_ended AND c.operation NOT IN ('TRUNCATE', 'DROP', 'ERASURE') AS is_broken
        FROM change c
        WHERE (since IS NULL OR c.committed_at >= since) AND (until IS NULL OR c.committed_at <= until)
    )
    SELECT r.*
    FROM listed c
    CROSS JOIN LATERAL (
        SELECT NULL::uuid, 'BEFORE', CASE WHEN b.from_time > c.committed_at THEN 'empty' ELSE tstzrange(b.from_time, c.committed_at) END,
               NULL::jsonb, c.before, NULL::jsonb, NULL::timestamptz, NULL::bigint
        FROM (SELECT CASE WHEN c.is_broken THEN c.begin_time ELSE c.last_time END AS from_time) AS b
        WHERE (c.is_first OR c.is_broken) AND c.before <> '{}'
        UNION ALL
        SELECT c.id, c.operation, CASE WHEN e.to_time <= c.committed_at THEN 'empty' ELSE tstzrange(c.committed_at, e.to_time) END,
               (SELECT coalesce(jsonb_object_agg(e.key, jsonb_build_array(c.before->e.key, c.after->e.key)), '{}')
                FROM jsonb_each(CASE c.after WHEN '{}' THEN c.before ELSE c.after END) AS e
                WHERE c.before->e.key IS DISTINCT FROM c.after->e.key
                  AND coalesce(c.before->e.key, 'null') <> coalesce(c.after->e.key, 'null')
                  AND (c.operation <> 'UPDATE' OR c.before ? e.key) AND c.operation <> 'BASELINE') || CASE WHEN has_erased THEN
               (SELECT coalesce(jsonb_object_agg(n, '[null, null]'::jsonb), '{}')
                FROM bemi.erased_in(c.id, c.committed_at, NULL) AS x CROSS JOIN LATERAL unnest(x.changed) AS n)
                ELSE '{}' END,
               nullif(c.after, '{}'), c.context, c.committed_at, c.transaction_id
        FROM (SELECT least(c.next_time, c.end_time) AS to_time) AS e
    ) AS r (change, operation, valid, changed, row_data, context, committed_at, transaction_id)
    ORDER BY c.number, r.operation <> 'BEFORE';
END
$$;
COMMENT ON FUNCTION bemi.stored_history(oid, text, timestamptz, timestamptz, pg_snapshot) IS
    'Internal, for bemi.history(): what it returns, as far as it is stored.';

CREATE FUNCTION bemi.history(relation regclass, key text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS TABLE (
    change uuid, operation text, valid tstzrange, changed jsonb, row_data jsonb, context jsonb, committed_at timestamptz, transaction_id bigint)
    LANGUAGE c ROWS 10 SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_history';
CREATE FUNCTION bemi.history(relation regclass, key numeric, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS TABLE (
    change uuid, operation text, valid tstzrange, changed jsonb, row_data jsonb, context jsonb, committed_at timestamptz, transaction_id bigint)
    LANGUAGE c ROWS 10 SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_history_of_number';
CREATE FUNCTION bemi.history(relation regclass, key uuid, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS TABLE (
    change uuid, operation text, valid tstzrange, changed jsonb, row_data jsonb, context jsonb, committed_at timestamptz, transaction_id bigint)
    LANGUAGE c ROWS 10 SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_history_of_uuid';
COMMENT ON FUNCTION bemi.history(regclass, text, timestamptz, timestamptz) IS
    'The changes of the row with this primary key, oldest first: change (its id), operation, valid (when the row was so), changed ({"column": [old, new]}), row_data, context, committed_at, transaction_id.';
COMMENT ON FUNCTION bemi.history(regclass, numeric, timestamptz, timestamptz) IS
    'The changes of the row with this number as its primary key, oldest first: change (its id), operation, valid (when the row was so), changed ({"column": [old, new]}), row_data, context, committed_at, transaction_id.';
COMMENT ON FUNCTION bemi.history(regclass, uuid, timestamptz, timestamptz) IS
    'The changes of the row with this UUID as its primary key, oldest first: change (its id), operation, valid (when the row was so), changed ({"column": [old, new]}), row_data, context, committed_at, transaction_id.';
