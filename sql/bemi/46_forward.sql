-- The past of a table from its changes and baselines alone, where its present rows do not help: it was dropped, or truncated since.

-- A table, or a partitioned table and what were its partitions at the moment; and since when all changes of each are stored.
CREATE FUNCTION bemi.parts_at(relation oid, at timestamptz, "position" bigint) RETURNS TABLE (
    part oid, from_position bigint, from_time timestamptz, is_partitioned boolean, dropped_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.relation, greatest(t.from_position, g."position"), greatest(t.from_time, g.time),
           s.relation = $1 AND EXISTS (SELECT FROM bemi.shapes p
                WHERE p.system_identifier = here.system_identifier AND p.database = here.database AND p.root = $1 AND p.relation <> $1),
           t.to_time
    FROM bemi.server_and_database() AS here
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (h.relation) h.relation, h.root
        FROM bemi.shapes h
        WHERE h.system_identifier = here.system_identifier AND h.database = here.database
          AND (h.from_time <= $2 OR h.from_position <= $3)
          AND h.relation IN (SELECT $1 UNION SELECT r.relation FROM bemi.shapes r
                WHERE r.system_identifier = here.system_identifier AND r.database = here.database AND r.root = $1)
        ORDER BY h.relation, h.from_position DESC, h.from_sequence DESC
    ) AS s
    CROSS JOIN LATERAL (
        SELECT k.* FROM bemi.tracking k
        WHERE k.system_identifier = here.system_identifier AND k.database = here.database AND k.relation = s.relation
          AND (k.from_time <= $2 OR k.from_position <= $3)
        ORDER BY k.from_position DESC LIMIT 1
    ) AS t
    CROSS JOIN LATERAL (
        SELECT (max(b.to_position) - '0/0')::bigint AS "position", max(b.to_time) AS time FROM bemi.gaps b
        WHERE b.system_identifier = here.system_identifier AND (b.to_time <= $2 OR b.to_position - '0/0' <= $3)
    ) AS g
    WHERE (s.relation = $1 OR s.root = $1) AND (t.to_position IS NULL OR t.to_time > $2 OR t.to_position > $3);
END;
COMMENT ON FUNCTION bemi.parts_at(oid, timestamptz, bigint) IS
    'Internal: the relations in which a table had its rows at a moment, and since when all changes of each are stored.';

-- A place is array[commit_position, sequence].
CREATE FUNCTION bemi.truncations_of(part oid, root oid, since timestamptz) RETURNS TABLE (place bigint[], committed_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT array[c.commit_position, c.sequence], c.committed_at
    FROM bemi.shapes_of($2) s
    JOIN bemi.changes c ON c."table" = s."table" AND c.schema = s.schema AND c.primary_key IS NULL AND c.operation = 'TRUNCATE'
        AND (c.commit_position, c.sequence) >= (s.from_position, s.from_sequence)
        AND (s.to_position IS NULL OR (c.commit_position, c.sequence) < (s.to_position, s.to_sequence))
    WHERE s.relation IN ($1, $2) AND c.committed_at >= $3;
END;
COMMENT ON FUNCTION bemi.truncations_of(oid, oid, timestamptz) IS
    'Internal: where a table, or the partition of a table, was truncated.';

CREATE FUNCTION bemi.is_past(committed_at timestamptz, place bigint[], at timestamptz, "position" bigint, sequence bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN at IS NOT NULL THEN committed_at <= at ELSE place <= array["position", coalesce(sequence, 9223372036854775807)] END;
COMMENT ON FUNCTION bemi.is_past(timestamptz, bigint[], timestamptz, bigint, bigint) IS
    'Internal: whether a change is before a moment as bemi.cut_of() returns it.';

-- The rows of before that nobody has changed are known from a baseline that was complete before they were removed. After a TRUNCATE in
-- the history there are none.
CREATE FUNCTION bemi.has_all_rows(relation oid, at timestamptz, "position" bigint, sequence bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(bool_and(p.is_partitioned OR truncated.past OR EXISTS (
        SELECT FROM bemi.baselines b
        WHERE b.system_identifier = here.system_identifier AND b.database = here.database AND b.relation = p.part
          AND b.sqlstate IS NULL AND b.finished_at IS NOT NULL AND b.since >= p.from_position
          AND (truncated.at IS NULL OR b.finished_at <= truncated.at) AND (p.dropped_at IS NULL OR b.finished_at <= p.dropped_at)
)), false)
        AND coalesce(bool_and(p.from_time >= oldest.time OR EXISTS (
            SELECT FROM bemi.worker w
            WHERE w.system_identifier = here.system_identifier AND w.database = here.database AND w.carried_to >= oldest.time)), true)
        AND (SELECT count(DISTINCT coalesce((
                SELECT array_agg(n.number::text ORDER BY k.n) FROM unnest(s.key) WITH ORDINALITY AS k (name, n)
                JOIN jsonb_to_recordset(s.columns) AS n (number integer, name text) ON n.name = k.name), '{}')) = 1
                AND bool_and(s.key IS NOT NULL)
             FROM bemi.shapes_of($1) s WHERE s.relation = $1
               AND (s.to_position IS NULL OR s.to_position > (SELECT f.from_position FROM bemi.parts_at($1, $2, $3) f WHERE f.part = $1)))
    FROM bemi.server_and_database() AS here
    CROSS JOIN bemi.parts_at($1, $2, $3) AS p
    CROSS JOIN (SELECT coalesce(min(q.from_time), '-infinity') FROM bemi.partitions q) AS oldest (time)
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(bemi.is_past(t.committed_at, t.place, $2, $3, $4)), false),
               min(t.committed_at) FILTER (WHERE NOT bemi.is_past(t.committed_at, t.place, $2, $3, $4))
        FROM bemi.truncations_of(p.part, $1, p.from_time) t WHERE t.place[1] >= p.from_position
    ) AS truncated (past, at);
END;
COMMENT ON FUNCTION bemi.has_all_rows(oid, timestamptz, bigint, bigint) IS
    'Internal: whether bemi.rows_forward() finds all rows that a table had at a moment.';

CREATE FUNCTION bemi.shape_before(relation oid, at timestamptz, "position" bigint, sequence bigint, OUT columns jsonb, OUT key text[])
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.columns, s.key FROM bemi.shapes_of($1) s
    WHERE s.relation = $1
    ORDER BY bemi.is_past(s.from_time, array[s.from_position, s.from_sequence], $2, $3, $4) DESC,
             CASE WHEN bemi.is_past(s.from_time, array[s.from_position, s.from_sequence], $2, $3, $4)
                  THEN array[-s.from_position, -s.from_sequence] ELSE array[s.from_position, s.from_sequence] END
    LIMIT 1;
END;
COMMENT ON FUNCTION bemi.shape_before(oid, timestamptz, bigint, bigint) IS 'Internal: the columns and the primary key that a table had at a moment.';

CREATE FUNCTION bemi.renamed(row_data jsonb, names jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg($2 ->> e.key, e.value) FILTER (WHERE $2 ? e.key), '{}') FROM jsonb_each($1) e;
END;
COMMENT ON FUNCTION bemi.renamed(jsonb, jsonb) IS
    'Internal: the image of a row with other names of its columns, {"old": "new"}; the columns that names does not have are left out.';

CREATE FUNCTION bemi.new_names(columns jsonb, target_columns jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(c.name, t.name), '{}')
    FROM jsonb_to_recordset($1) AS c (number integer, name text, rule text) JOIN jsonb_to_recordset($2) AS t (number integer, name text) ON t.number = c.number
    WHERE c.rule IN ('exclude', 'redact') IS NOT TRUE;
END;
COMMENT ON FUNCTION bemi.new_names(jsonb, jsonb) IS
    'Internal: how the columns of a shape are called in another one, {"old": "new"}, without those whose values are not stored.';

CREATE FUNCTION bemi.unknown_values(relation oid, "column" text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = format('values of column "%s" of table "%s" are not in the history', "column", bemi.name_of(relation)),
        DETAIL = 'The column was added with a value that was computed for each row, and there are rows that have not changed since.',
        HINT = 'You can read the table as it was before the column was added.';
END
$$;
COMMENT ON FUNCTION bemi.unknown_values(oid, text) IS 'Internal: an error, because nothing tells what a column is in some rows.';

CREATE FUNCTION bemi.shapes_before(relation oid, at timestamptz, "position" bigint, sequence bigint) RETURNS TABLE (
    from_place bigint[], to_place bigint[], names jsonb, first_values jsonb, unknown text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH shape AS MATERIALIZED (
        SELECT s.*, row_number() OVER (ORDER BY s.from_position, s.from_sequence) AS n FROM bemi.shapes_of($1) s WHERE s.relation = $1
    )
    SELECT CASE WHEN s.n > 1 THEN array[s.from_position, s.from_sequence] END,
           CASE WHEN s.to_position IS NOT NULL THEN array[s.to_position, s.to_sequence] END,
           nullif(bemi.new_names(s.columns, target.columns), (SELECT jsonb_object_agg(c.name, c.name) FROM jsonb_to_recordset(s.columns) AS c (name text))),
           added.first_values, added.unknown
    FROM shape s
    CROSS JOIN bemi.shape_before($1, $2, $3, $4) AS target
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(t.c ->> 'name', f.c -> 'missing') FILTER (WHERE f.c ? 'missing') AS first_values,
               min(t.c ->> 'name') FILTER (WHERE f.c ? 'computed') AS unknown
        FROM jsonb_array_elements(target.columns) AS t (c)
        CROSS JOIN LATERAL (
            SELECT e.c FROM shape l CROSS JOIN LATERAL jsonb_array_elements(l.columns) AS e (c)
            WHERE l.n > s.n AND e.c -> 'number' = t.c -> 'number' ORDER BY l.n LIMIT 1) AS f
        WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(s.columns) AS o (c) WHERE o.c -> 'number' = t.c -> 'number')
    ) AS added;
END;
COMMENT ON FUNCTION bemi.shapes_before(oid, timestamptz, bigint, bigint) IS
    'Internal: from where until where a table had which shape, how its columns are called at the moment (null: as they are), the values of columns that it does not have, and the name of one whose values are not known.';

-- What the last change before the moment has left; if the row has none, what the first one after it has found. A BASELINE says what the
-- row was until then. An UPDATE that has moved a key is two events: the row with the old key goes, one with the new key comes.
-- `truncated` is looked at for every row: hence MATERIALIZED.
CREATE FUNCTION bemi.rows_forward(relation oid, at timestamptz, "position" bigint, sequence bigint) RETURNS TABLE (
    key text, row_data jsonb, change uuid)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH part AS MATERIALIZED (SELECT * FROM bemi.parts_at($1, $2, $3)),
    shape AS MATERIALIZED (SELECT * FROM bemi.shapes_before($1, $2, $3, $4)),
    stored AS MATERIALIZED (
        SELECT p.part, array[c.commit_position, c.sequence] AS place, c.operation, c.primary_key, c.before, c.after, c.id,
               CASE WHEN c.operation = 'UPDATE' THEN bemi.old_key_of(c.id, c.committed_at) END AS old_key,
               bemi.is_past(c.committed_at, array[c.commit_position, c.sequence], $2, $3, $4) AS is_past
        FROM part p
        CROSS JOIN LATERAL bemi.shapes_of(p.part) s
        JOIN bemi.changes c ON c."table" = s."table" AND c.schema = s.schema AND c.commit_position >= p.from_position
            AND (c.commit_position, c.sequence) >= (s.from_position, s.from_sequence)
            AND (s.to_position IS NULL OR (c.commit_position, c.sequence) < (s.to_position, s.to_sequence))
        WHERE s.relation = p.part AND c.operation IN ('CREATE', 'UPDATE', 'DELETE', 'TRUNCATE', 'BASELINE')
    ),
    truncated AS MATERIALIZED (SELECT t.part, max(t.place) AS place FROM stored t WHERE t.operation = 'TRUNCATE' AND t.is_past GROUP BY t.part),
    event AS (
        SELECT s.part, s.primary_key AS key, s.place, s.is_past, s.id,
               CASE WHEN s.operation = 'BASELINE' THEN s.after WHEN s.operation <> 'CREATE' AND s.old_key IS NULL THEN s.before END AS before,
               CASE WHEN s.operation <> 'DELETE' THEN s.after END AS after
        FROM stored s WHERE s.operation <> 'TRUNCATE'
        UNION ALL
        SELECT s.part, s.old_key, s.place, s.is_past, s.id, s.before, NULL FROM stored s WHERE s.old_key IS NOT NULL
    ),
    state AS (
        SELECT DISTINCT ON (e.part, e.key) e.part, e.key, e.place, e.is_past, e.id, CASE WHEN e.is_past THEN e.after ELSE e.before END AS row_data
        FROM event e
        ORDER BY e.part, e.key, e.is_past DESC, CASE WHEN e.is_past THEN e.place END DESC, e.place
    )
    SELECT s.key,
           CASE WHEN h.unknown IS NOT NULL THEN bemi.unknown_values($1, h.unknown)
                WHEN h.names IS NULL AND h.first_values IS NULL THEN s.row_data
                ELSE CASE WHEN h.names IS NULL THEN s.row_data ELSE bemi.renamed(s.row_data, h.names) END || coalesce(h.first_values, '{}') END,
           s.id
    FROM state s
    LEFT JOIN shape h ON (h.from_place IS NULL OR s.place >= h.from_place) AND (h.to_place IS NULL OR s.place < h.to_place)
    WHERE s.row_data IS NOT NULL
      AND NOT (s.is_past AND EXISTS (SELECT FROM truncated t WHERE t.part IN (s.part, $1) AND s.place < t.place));
END;
COMMENT ON FUNCTION bemi.rows_forward(oid, timestamptz, bigint, bigint) IS
    'Internal: the rows that a table had at a moment, from its changes and baselines alone, with the columns of then, each with the change that says so.';
