-- Taking changes back: changes bear the names of their time, of partitions too. Here these are found for a table, and the table for
-- them.

-- The changes of a table are those that have one of these names, within the range. Columns are called differently now if renamed is
-- not null: it has the name of then and that of now, null for a column that is gone, or whose values are not stored. Changes of the
-- ignored columns, which have the names of then, are not all stored.
CREATE FUNCTION bemi.revert_names(root oid, part oid) RETURNS TABLE (
    schema text, "table" text, from_position bigint, from_sequence bigint, to_position bigint, to_sequence bigint, renamed jsonb, ignored text[])
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH shape AS (
        SELECT s.* FROM bemi.shapes_of($1) s
        WHERE s.relation = $2 OR $2 IS NULL
    )
    SELECT s.schema, s."table", s.from_position, s.from_sequence, s.to_position, s.to_sequence,
           CASE WHEN bool_and(o.name = o.present) IS FALSE OR bool_or(o.rule IN ('exclude', 'redact'))
               THEN jsonb_object_agg(o.name, o.present) END,
           array_agg(o.name) FILTER (WHERE o.rule = 'ignore')
    FROM shape s
    CROSS JOIN LATERAL (
        SELECT e.name, e.rule, CASE WHEN e.rule IN ('exclude', 'redact') THEN NULL
            WHEN EXISTS (SELECT FROM pg_class c WHERE c.oid = s.relation)
            THEN (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = s.relation AND a.attnum = e.number AND NOT a.attisdropped)
            ELSE e.name END AS present
        FROM jsonb_to_recordset(s.columns) AS e (number smallint, name text, rule text)
    ) AS o
    GROUP BY s.relation, s.schema, s."table", s.from_position, s.from_sequence, s.to_position, s.to_sequence
    UNION ALL
    SELECT bemi.revert_schema(c.relnamespace), c.relname, 0, 0, NULL, NULL, NULL, NULL
    FROM pg_class c
    WHERE (c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1))) AND (c.oid = $2 OR $2 IS NULL)
      AND NOT EXISTS (SELECT FROM shape s WHERE s.relation = c.oid);
END;
COMMENT ON FUNCTION bemi.revert_names(oid, oid) IS
    'Internal, for bemi.revert(): the names that a table and its partitions, or only the partition part, have had, and from when until when.';

-- The names that columns have now for which a rule held after the position.
CREATE FUNCTION bemi.revert_ruled(root oid, rules text[], since bigint) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(DISTINCT a.attname::text), '{}')
    FROM bemi.shapes_of($1) s
    CROSS JOIN jsonb_to_recordset(s.columns) AS e (number smallint, rule text)
    JOIN pg_attribute a ON a.attrelid = s.relation AND a.attnum = e.number AND NOT a.attisdropped
    WHERE e.rule = ANY ($2) AND (s.to_position IS NULL OR s.to_position > $3);
END;
COMMENT ON FUNCTION bemi.revert_ruled(oid, text[], bigint) IS
    'Internal, for bemi.revert(): the names of the columns for which one of the rules exclude, redact and ignore held since a position.';

CREATE FUNCTION bemi.revert_renamed(image text, is_renamed boolean) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN $2 THEN format(
        'CASE WHEN n.renamed IS NULL THEN %1$s ELSE
            (SELECT coalesce(jsonb_object_agg(n.renamed->>e.key, e.value) FILTER (WHERE n.renamed->>e.key IS NOT NULL), ''{}'')
             FROM jsonb_each(%1$s) e) END', '(' || $1 || ')')
        ELSE $1 END;
END;
COMMENT ON FUNCTION bemi.revert_renamed(text, boolean) IS
    'Internal, for bemi.revert(): SQL for the image of a row with the present names of its columns.';

-- What an ignored column becomes after a change is of no account: later changes of it may not be stored. What it was when the row went
-- comes back.
CREATE FUNCTION bemi.revert_known(image text, has_ignored boolean) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN $2 THEN format('CASE WHEN n.ignored IS NULL OR c.operation = ''DELETE'' THEN %1$s ELSE %1$s - n.ignored END', $1) ELSE $1 END;
COMMENT ON FUNCTION bemi.revert_known(text, boolean) IS
    'Internal, for bemi.revert(): SQL for the image of a row, without ignored columns unless it is one that was deleted.';

-- SQL: the selected changes of the table, with the present names of its columns: those of erased values too, and of them those that the
-- change has changed (hidden).
CREATE FUNCTION bemi.revert_changes(root oid, part oid, condition text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(
        'SELECT c.id, c.schema, c."table", c.primary_key, c.operation, c.commit_position, c.sequence, c.committed_at, %s AS before, %s AS after, %s
         FROM bemi.changes c
         JOIN (VALUES %s) AS n (schema, "table", from_position, from_sequence, to_position, to_sequence, renamed, ignored)
           ON c.schema = n.schema AND c."table" = n."table"
          AND ROW(c.commit_position, c.sequence) >= ROW(n.from_position, n.from_sequence)
          AND (n.to_position IS NULL OR ROW(c.commit_position, c.sequence) < ROW(n.to_position, n.to_sequence))
         %s
         WHERE %s',
        bemi.revert_renamed(bemi.revert_known('c.before', count(n.ignored) > 0), count(n.renamed) > 0),
        bemi.revert_renamed(bemi.revert_known('c.after', count(n.ignored) > 0), count(n.renamed) > 0),
        CASE WHEN bemi.has_erased_values() THEN 'e.columns AS erased, e.changed AS hidden' ELSE 'NULL::text[] AS erased, NULL::text[] AS hidden' END,
        string_agg(format('(%L::text, %L::text, %s::bigint, %s::bigint, %L::bigint, %L::bigint, %L::jsonb, %L::text[])',
                          n.schema, n."table", n.from_position, n.from_sequence, n.to_position, n.to_sequence, n.renamed, n.ignored), ', '),
        CASE WHEN bemi.has_erased_values() THEN 'LEFT JOIN LATERAL bemi.erased_in(c.id, c.committed_at, n.renamed) AS e ON true' END,
        $3)
    FROM bemi.revert_names($1, $2) n;
END;
COMMENT ON FUNCTION bemi.revert_changes(oid, oid, text) IS
    'Internal, for bemi.revert(): SQL for the changes of the table that meet the condition.';

-- A name may have been that of several tables.
CREATE FUNCTION bemi.revert_roots(schema text, "table" text, first bigint, last bigint) RETURNS SETOF oid
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH shape AS (
        SELECT s.root, s.from_position FROM bemi.shapes s, pg_control_system() AS server, pg_database d
        WHERE s."table" = $2 AND s.schema = $1 AND s.from_position <= $4
          AND s.system_identifier = server.system_identifier AND s.database = d.oid AND d.datname = current_database()
    )
    SELECT DISTINCT c.oid
    FROM shape s LEFT JOIN pg_class c ON c.oid = s.root
    WHERE s.from_position >= (SELECT coalesce(max(from_position), 0) FROM shape WHERE from_position <= $3)
    UNION
    SELECT coalesce(pg_partition_root(to_regclass(format('%I.%I', $1, $2))), to_regclass(format('%I.%I', $1, $2)))
    WHERE NOT EXISTS (SELECT FROM shape);
END;
COMMENT ON FUNCTION bemi.revert_roots(text, text, bigint, bigint) IS
    'Internal, for bemi.revert(): the tables that had this name between two positions; null for one that does not exist any more.';

-- The tables whose changes are selected; whether they were truncated, or rows have got another key. root is null for tables that do not
-- exist any more.
CREATE FUNCTION bemi.revert_relations(selector jsonb, condition text)
    RETURNS TABLE (root oid, part oid, name text, first_position bigint, is_truncated boolean, has_moved boolean)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    given constant oid := (selector->>'relation')::regclass;
BEGIN
    IF given IS NOT NULL THEN
        root := coalesce(pg_partition_root(given), given);
        part := nullif(given, root);
        condition := bemi.revert_changes(root, part, condition);
    ELSE
        condition := 'SELECT * FROM bemi.changes c WHERE ' || condition;
    END IF;
    RETURN QUERY EXECUTE format(
        'WITH selected AS (
            SELECT c.schema, c."table", min(c.commit_position) AS first, max(c.commit_position) AS last, min(c.committed_at) AS since,
                   bool_or(c.operation = ''TRUNCATE'') AS is_truncated
            FROM (%s) AS c GROUP BY c.schema, c."table")
         SELECT r.root, $2, CASE WHEN r.root IS NULL THEN format(''%%I.%%I'', s.schema, s."table") END, min(s.first),
                bool_or(s.is_truncated), bool_or(bemi.has_moved_keys(s.schema, s."table", s.since))
         FROM selected s CROSS JOIN LATERAL (
             SELECT $1 WHERE $1 IS NOT NULL UNION ALL SELECT bemi.revert_roots(s.schema, s."table", s.first, s.last) WHERE $1 IS NULL) AS r (root)
         GROUP BY 1, 3', condition) USING root, part;
END
$$;
COMMENT ON FUNCTION bemi.revert_relations(jsonb, text) IS
    'Internal, for bemi.revert(): the tables of the selected changes, and the partition if changes of that alone are selected; the name of a table that does not exist any more.';
