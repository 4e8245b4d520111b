-- bemi.changes_between(): the net effect of the changes of a table.

-- An UPDATE of the primary key is two events: the row of the old key has gone, and that of the new key has come.
CREATE FUNCTION bemi.events_between(shapes bemi.keyed_shape[], since timestamptz, until timestamptz, seen pg_snapshot) RETURNS TABLE (
    key text, operation text, before jsonb, after jsonb, id uuid, context jsonb, place bigint)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT e.key, c.operation, bemi.with_present_names(e.before, c.renamed), bemi.with_present_names(e.after, c.renamed), c.id, c.context,
           row_number() OVER (ORDER BY c.committed_at, c.commit_position, c.sequence, e.is_new)
    FROM (
        SELECT c.*, s.renamed,
               CASE WHEN c.operation = 'UPDATE' AND (SELECT bool_or(c.before->>k <> c.after->>k) FROM unnest(s.key) AS k)
                   THEN bemi.old_key_of(c.id, c.committed_at) END AS old_key
        FROM unnest(shapes) s
        JOIN bemi.changes c ON c."table" = s."table" AND c.schema = s.schema
            AND ROW(c.commit_position, c.sequence) >= ROW(s.from_position, s.from_sequence)
            AND (s.to_position IS NULL OR ROW(c.commit_position, c.sequence) < ROW(s.to_position, s.to_sequence))
        WHERE c.committed_at > since AND c.committed_at <= until AND c.operation NOT IN ('BASELINE', 'ERASURE')
          AND (seen IS NULL OR c.created_at < transaction_timestamp() OR pg_visible_in_snapshot(c.transaction_id::text::xid8, seen))
    ) AS c
    CROSS JOIN LATERAL (
        SELECT c.primary_key, c.before, c.after, true WHERE c.old_key IS NULL
        UNION ALL
        SELECT c.old_key, c.before, '{}', false WHERE c.old_key IS NOT NULL
        UNION ALL
        SELECT c.primary_key, '{}', c.after, true WHERE c.old_key IS NOT NULL
    ) AS e (key, before, after, is_new);
END
$$;
COMMENT ON FUNCTION bemi.events_between(bemi.keyed_shape[], timestamptz, timestamptz, pg_snapshot) IS
    'Internal, for bemi.changes_between(): what has happened to the rows of a table, by key.';

-- Where a redacted value has changed, the change says so, and the next one of the row no longer does.
CREATE FUNCTION bemi.marked_as_changed(image jsonb, marked jsonb[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN $2 IS NULL THEN $1 ELSE $1 || (
        SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
        FROM unnest($2) m CROSS JOIN jsonb_each(m) e
        WHERE e.value = '"[REDACTED, changed]"' AND $1->e.key = '"[REDACTED]"') END;
END;
COMMENT ON FUNCTION bemi.marked_as_changed(jsonb, jsonb[]) IS
    'Internal, for bemi.changes_between(): the image of a row, in which redacted values are marked that an earlier one marks.';

-- TRUNCATE has removed rows that no change names: they are those that were there before.
CREATE FUNCTION bemi.stored_changes_between(relation regclass, since timestamptz, until timestamptz, seen pg_snapshot) RETURNS TABLE (
    key text, operation text, changed jsonb, before jsonb, after jsonb, changes uuid[], contexts jsonb[])
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    shapes bemi.keyed_shape[];
    is_truncated boolean;
BEGIN
    IF num_nulls(relation, since, until) > 0 THEN
        RAISE null_value_not_allowed USING MESSAGE = format('"%s" must not be null',
            CASE WHEN relation IS NULL THEN 'relation' WHEN since IS NULL THEN 'since' ELSE 'until' END);
    ELSIF since > until THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s is after %s', since, until);
    ELSIF until > clock_timestamp() THEN
        RAISE invalid_parameter_value USING MESSAGE = format('moment %s is in the future', until);
    END IF;
    shapes := bemi.shapes_by_key($1, true);
    PERFORM bemi.require_past($1, since, NULL);
    is_truncated := EXISTS (SELECT FROM bemi.events_between(shapes, since, until, seen) e WHERE e.operation = 'TRUNCATE');
    RETURN QUERY
    WITH event AS MATERIALIZED (
        SELECT e.*, row_number() OVER w = 1 AS is_first, lead(e.place) OVER w IS NULL AS is_last
        FROM bemi.events_between(shapes, since, until, seen) e
        WINDOW w AS (PARTITION BY e.key ORDER BY e.place)
    ), truncation AS (
        SELECT array_agg(e.id ORDER BY e.place) AS changes, array_agg(e.context ORDER BY e.place) AS contexts
        FROM event e WHERE e.operation = 'TRUNCATE'
    ), touched AS (
        SELECT e.key, (array_agg(e.before) FILTER (WHERE e.is_first))[1] AS before, (array_agg(e.after) FILTER (WHERE e.is_last))[1] AS after,
               array_agg(e.after) FILTER (WHERE e.after @? '$.* ? (@ == "[REDACTED, changed]")') AS marked,
               array_agg(e.id ORDER BY e.place) AS changes, array_agg(e.context ORDER BY e.place) AS contexts
        FROM event e WHERE e.operation <> 'TRUNCATE'
        GROUP BY e.key
    ), state AS (
        SELECT t.key, t.before, bemi.marked_as_changed(t.after, t.marked) AS after FROM touched t WHERE NOT is_truncated
        UNION ALL
        SELECT coalesce(b.key, a.key), coalesce(b.row_data, '{}'), coalesce(a.row_data, '{}')
        FROM (SELECT * FROM bemi.rows_as_of($1, at => since) WHERE is_truncated) AS b
        FULL JOIN (SELECT * FROM bemi.rows_as_of($1, at => until) WHERE is_truncated) AS a ON a.key = b.key
    )
    SELECT s.key, o.operation, bemi.diff(s.before, s.after), nullif(s.before, '{}'), nullif(s.after, '{}'),
           CASE WHEN is_truncated AND s.after = '{}' THEN coalesce(t.changes || r.changes, r.changes) ELSE t.changes END,
           CASE WHEN is_truncated AND s.after = '{}' THEN coalesce(t.contexts || r.contexts, r.contexts) ELSE t.contexts END
    FROM state s
    LEFT JOIN touched t ON t.key = s.key
    CROSS JOIN truncation r
    CROSS JOIN LATERAL (SELECT CASE WHEN s.before = '{}' THEN 'CREATE' WHEN s.after = '{}' THEN 'DELETE' ELSE 'UPDATE' END) AS o (operation)
    WHERE s.before <> s.after
    ORDER BY s.key;
END
$$;
COMMENT ON FUNCTION bemi.stored_changes_between(regclass, timestamptz, timestamptz, pg_snapshot) IS
    'Internal, for bemi.changes_between(): what it returns, as far as it is stored.';

CREATE FUNCTION bemi.changes_between(relation regclass, since timestamptz, until timestamptz DEFAULT now()) RETURNS TABLE (
    key text, operation text, changed jsonb, before jsonb, after jsonb, changes uuid[], contexts jsonb[])
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_changes_between';
COMMENT ON FUNCTION bemi.changes_between(regclass, timestamptz, timestamptz) IS
    'The net effect of the changes after since until then, by key: key, operation, changed ({"column": [old, new]}), before, after, changes (their ids), contexts. Rows that are what they were are left out.';
