-- A new table from the past, of a table that is there or of one that was dropped.

-- The rows of a table that may be gone, from its changes alone: what the last change before the moment has left or, if the row has
-- no change before it, what the first one after it has found. A baseline says that the row was there. An UPDATE that has moved a key
-- is two events: the row with the old key goes, one with the new key comes.
CREATE FUNCTION bemi.replay(relation oid, at timestamptz, "position" bigint, sequence bigint) RETURNS TABLE (key text, row_data jsonb)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH change AS MATERIALIZED (
        SELECT c.commit_position, c.sequence, c.operation, c.primary_key, c.before, c.after,
               CASE WHEN c.operation = 'UPDATE' THEN bemi.old_key_of(c.id, c.committed_at) END AS old_key,
               CASE WHEN $2 IS NOT NULL THEN c.committed_at <= $2
                    WHEN $4 IS NULL THEN c.commit_position < $3
                    ELSE (c.commit_position, c.sequence) <= ($3, $4) END AS is_past
        FROM bemi.shapes_of($1) s
        JOIN bemi.changes c ON c.schema = s.schema AND c."table" = s."table"
            AND (c.commit_position, c.sequence) >= (s.from_position, s.from_sequence)
            AND (s.to_position IS NULL OR (c.commit_position, c.sequence) < (s.to_position, s.to_sequence))
    ),
    event AS (
        SELECT primary_key, commit_position, sequence, is_past,
               CASE WHEN operation = 'BASELINE' THEN after WHEN operation <> 'CREATE' AND old_key IS NULL THEN before END AS before,
               NULLIF(after, '{}') AS after
        FROM change WHERE operation IN ('CREATE', 'UPDATE', 'DELETE', 'BASELINE')
        UNION ALL
        SELECT old_key, commit_position, sequence, is_past, before, NULL FROM change WHERE old_key IS NOT NULL
    ),
    truncated AS (SELECT max(commit_position) AS position FROM change WHERE operation = 'TRUNCATE' AND is_past)
    SELECT state.primary_key, state.row_data
    FROM (
        SELECT DISTINCT ON (e.primary_key) e.primary_key,
               CASE WHEN NOT e.is_past THEN e.before
                    WHEN e.commit_position < t.position THEN NULL
                    ELSE e.after END AS row_data
        FROM event e, truncated t
        ORDER BY e.primary_key, e.is_past DESC, CASE WHEN e.is_past THEN - e.commit_position ELSE e.commit_position END,
                 CASE WHEN e.is_past THEN - e.sequence ELSE e.sequence END, e.after NULLS LAST
    ) state
    WHERE state.row_data IS NOT NULL;
END;
COMMENT ON FUNCTION bemi.replay(oid, timestamptz, bigint, bigint) IS
    'Internal: the rows with a primary key that a table had at a moment (see bemi.cut_of()), from its changes and baselines alone.';

-- The table that had this name: the present one, else the dropped one.
CREATE FUNCTION bemi.table_called(relation text) RETURNS oid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names text[] := parse_ident(relation);
    found oid[];
    listed text;
BEGIN
    SELECT array_agg(s.relation), string_agg(format('%I.%I, known from %s on', s.schema, s."table", s.since), '; ' ORDER BY s.since)
    INTO found, listed
    FROM (
        SELECT h.relation, h.schema, h."table", min(h.from_time) AS since
        FROM bemi.shapes h, pg_control_system() AS server
        WHERE h.system_identifier = server.system_identifier
          AND h.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
          AND h."table" = names[cardinality(names)] AND (cardinality(names) = 1 OR h.schema = names[cardinality(names) - 1])
          AND h.relation = h.root
        GROUP BY 1, 2, 3
    ) s;
    IF found IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('no table called "%s" is in the history', relation),
            HINT = 'Write the name as in SQL, with its schema and with double quotes where they are needed.';
    ELSIF cardinality(found) > 1 THEN
        RAISE ambiguous_alias USING MESSAGE = format('several tables were called "%s"', relation), DETAIL = listed || '.',
            HINT = 'Give the schema, or restore by bemi.as_of() while the table is there.';
    END IF;
    RETURN found[1];
END
$$;
COMMENT ON FUNCTION bemi.table_called(text) IS 'Internal: the OID of the only dropped table that had this name.';

CREATE FUNCTION bemi.restore(
    relation text, new_table text, at timestamptz DEFAULT NULL, lsn pg_lsn DEFAULT NULL, transaction bigint DEFAULT NULL,
    change uuid DEFAULT NULL, mark text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    present constant oid := pg_catalog.to_regclass(relation);
    source oid;
    is_complete boolean; -- whether a baseline is stored
    by_replay boolean;
    cut record;
    shape record;
    definition text;
    columns text;
    key text;
    target oid;
    rows bigint;
BEGIN
    IF relation IS NULL OR new_table IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'the names of both tables must be given';
    END IF;
    IF NOT pg_catalog.pg_is_in_recovery() THEN
        PERFORM bemi.sync();
    END IF;
    SELECT c.at, c."position", c.sequence INTO cut FROM bemi.cut_of(at, lsn, transaction, change, mark) c;
    source := COALESCE(present, bemi.table_called(relation));
    PERFORM bemi.require_past(source, cut.at, cut."position");
    is_complete := COALESCE((
        SELECT pg_catalog.bool_and(b.progress OPERATOR(pg_catalog.=) 'complete')
        FROM bemi.last_baselines() b WHERE b.relation IN (SELECT s.relation FROM bemi.shapes_of(source) s)), false);
    by_replay := present IS NULL OR is_complete AND EXISTS (
        SELECT FROM bemi.shapes_of(source) s
        JOIN bemi.changes c ON c.schema OPERATOR(pg_catalog.=) s.schema AND c."table" OPERATOR(pg_catalog.=) s."table"
        WHERE c.operation OPERATOR(pg_catalog.=) 'TRUNCATE' AND (c.committed_at OPERATOR(pg_catalog.>) cut.at OR c.commit_position OPERATOR(pg_catalog.>=) cut."position"));
    IF by_replay AND NOT is_complete THEN
        RAISE NOTICE USING MESSAGE = pg_catalog.format('table "%s" had no complete baseline', relation),
            DETAIL = 'Rows that have not changed since its history began are missing.';
    END IF;

    SELECT s.columns, s.key INTO shape
    FROM bemi.shapes_of(source) s
    WHERE s.relation OPERATOR(pg_catalog.=) source
    ORDER BY CASE WHEN cut.at IS NOT NULL THEN s.from_time OPERATOR(pg_catalog.<=) cut.at
                  ELSE s.from_position OPERATOR(pg_catalog.<=) cut."position" END DESC,
             CASE WHEN cut.at IS NOT NULL AND s.from_time OPERATOR(pg_catalog.<=) cut.at
                    OR cut.at IS NULL AND s.from_position OPERATOR(pg_catalog.<=) cut."position"
                  THEN OPERATOR(pg_catalog.-) s.from_position ELSE s.from_position END
    LIMIT 1;
    IF shape.columns IS NULL THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = pg_catalog.format('history of table "%s" has not begun', relation);
    END IF;

    SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', c ->> 'name', c ->> 'type'), ', ' ORDER BY n),
           pg_catalog.string_agg(pg_catalog.format('%I', c ->> 'name'), ', ' ORDER BY n)
    INTO definition, columns
    FROM pg_catalog.jsonb_array_elements(shape.columns) WITH ORDINALITY AS e (c, n);
    key := (SELECT pg_catalog.format(', PRIMARY KEY (%s)', pg_catalog.string_agg(pg_catalog.format('%I', k), ', ' ORDER BY n))
            FROM pg_catalog.unnest(shape.key) WITH ORDINALITY AS e (k, n) HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0);
    IF NOT by_replay THEN -- bemi.as_of() has the columns of today
        definition := pg_catalog.format('LIKE %s INCLUDING INDEXES', present::pg_catalog.regclass);
        key := NULL;
        SELECT pg_catalog.string_agg(pg_catalog.format('%I', a.attname), ', ' ORDER BY a.attnum) INTO columns
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid OPERATOR(pg_catalog.=) present AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped;
    END IF;
    EXECUTE pg_catalog.format('CREATE TABLE %s (%s%s)',
        (SELECT pg_catalog.string_agg(pg_catalog.format('%I', part), '.') FROM pg_catalog.unnest(pg_catalog.parse_ident(new_table)) AS part),
        definition, key);
    target := pg_catalog.to_regclass(new_table);
    IF by_replay AND shape.key IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = pg_catalog.format('table "%s" had no primary key', relation),
            DETAIL = 'The rows of a table that is gone can be told apart by their key alone.';
    END IF;
    EXECUTE pg_catalog.format('INSERT INTO %s (%s) SELECT %2$s FROM (SELECT (pg_catalog.jsonb_populate_record(NULL::%1$s, p.row_data)).* FROM %3$s AS p) AS r',
        target::pg_catalog.regclass, columns,
        CASE WHEN by_replay THEN 'bemi.replay($1, $2, $3, $4)' ELSE 'bemi.rows_as_of($1, $5, $6, $7, $8, $9)' END)
        USING source, cut.at, cut."position", cut.sequence, at, lsn, transaction, change, mark;
    GET DIAGNOSTICS rows = ROW_COUNT;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION bemi.restore(text, text, timestamptz, pg_lsn, bigint, uuid, text) IS
    'Makes a new table with the rows that a table had at a moment, also of one that was dropped; returns their number.';
