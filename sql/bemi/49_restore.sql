-- A new table from the past, of a table that is there or of one that was dropped.

-- A table that is there comes first. Names are as in SQL; a number is an OID.
CREATE FUNCTION bemi.dropped_table(relation text) RETURNS oid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number constant text := substring(relation, '^[0-9]+$');
    names constant text[] := CASE WHEN number IS NULL THEN parse_ident(relation) END;
    found oid[];
    listed text;
BEGIN
    IF cardinality(names) > 2 THEN
        RAISE syntax_error USING MESSAGE = format('improper relation name (too many dotted names): %s', relation);
    END IF;
    SELECT array_agg(s.relation), string_agg(format('%s: %I.%I, from %s to %s', s.relation, s.schema, s."table", s.since, s.until), '; ' ORDER BY s.since)
    INTO found, listed
    FROM (
        SELECT h.relation, h.schema, h."table", min(h.from_time) AS since, (
                SELECT max(t.to_time) FROM bemi.tracking t
                WHERE t.system_identifier = h.system_identifier AND t.database = h.database AND t.relation = h.relation) AS until
        FROM bemi.server_and_database() AS here
        JOIN bemi.shapes h ON h.system_identifier = here.system_identifier AND h.database = here.database
        WHERE CASE WHEN number IS NOT NULL THEN h.relation::text = number
                   ELSE h."table" = names[cardinality(names)] AND (cardinality(names) = 1 OR h.schema = names[1]) END
          AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = h.relation)
        GROUP BY h.system_identifier, h.database, h.relation, h.schema, h."table"
    ) s;
    IF found IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('relation "%s" does not exist, and no dropped one is in the history', relation);
    ELSIF number IS NULL AND (SELECT count(DISTINCT f) FROM unnest(found) f) > 1 THEN
        RAISE ambiguous_alias USING MESSAGE = format('several tables that were called "%s" were dropped', relation), DETAIL = listed || '.',
            HINT = 'Give the OID of the table that you mean instead of its name.';
    END IF;
    RETURN found[1];
END
$$;
COMMENT ON FUNCTION bemi.dropped_table(text) IS 'Internal: the OID of the dropped table that had this name.';

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

-- The rows of a table that is gone, with the names that its columns had at the moment.
CREATE FUNCTION bemi.rows_of_dropped(relation oid, columns jsonb, at timestamptz, "position" bigint, sequence bigint) RETURNS SETOF jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH shape AS MATERIALIZED (
        SELECT s.*, nullif(bemi.new_names(s.columns, $2), (SELECT jsonb_object_agg(c.name, c.name) FROM jsonb_to_recordset(s.columns) AS c (name text))) AS names,
               row_number() OVER (ORDER BY s.from_position, s.from_sequence) = 1 AS is_first
        FROM bemi.shapes_of($1) s WHERE s.relation = $1
    )
    SELECT CASE WHEN s.names IS NULL THEN r.row_data ELSE bemi.renamed(r.row_data, s.names) END
    FROM bemi.rows_forward($1, $3, $4, $5) r
    JOIN shape s ON (s.is_first OR (r.commit_position, r.change_sequence) >= (s.from_position, s.from_sequence))
        AND (s.to_position IS NULL OR (r.commit_position, r.change_sequence) < (s.to_position, s.to_sequence));
END;
COMMENT ON FUNCTION bemi.rows_of_dropped(oid, jsonb, timestamptz, bigint, bigint) IS 'Internal: the rows that a dropped table had at a moment.';

CREATE FUNCTION bemi.require_all_rows(relation oid, at timestamptz, "position" bigint, sequence bigint) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT bemi.has_all_rows(relation, at, "position", sequence) THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('not all rows of the dropped table "%s" are in the history', bemi.name_of(relation)),
            DETAIL = 'Rows that nobody has changed are there if a baseline of the table was complete before it was dropped, and if it had a primary key.',
            HINT = 'Track tables with baseline => true, to be able to restore them when they are dropped.';
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.require_all_rows(oid, timestamptz, bigint, bigint) IS
    'Internal: an error unless the history has all rows that a dropped table had at a moment.';

CREATE FUNCTION bemi.restore_into(
    source oid, schema text, "table" text, at timestamptz, lsn pg_lsn, transaction bigint, change uuid, mark text) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target constant text := format('%I.%I', schema, "table");
    is_there constant boolean := EXISTS (SELECT FROM pg_class c WHERE c.oid = source);
    cut record;
    shape record;
    present jsonb;
    images text;
    number bigint;
BEGIN
    IF NOT pg_is_in_recovery() THEN
        PERFORM bemi.sync();
    END IF;
    SELECT * INTO cut FROM bemi.cut_of(at, lsn, transaction, change, mark);
    PERFORM bemi.require_past(source, cut.at, cut."position");
    SELECT * INTO shape FROM bemi.shape_before(source, cut.at, cut."position", cut.sequence);
    IF is_there THEN
        SELECT jsonb_agg(jsonb_build_object('number', a.attnum, 'name', a.attname) ORDER BY a.attnum) INTO present
        FROM pg_attribute a WHERE a.attrelid = source AND a.attnum > 0 AND NOT a.attisdropped;
        -- The rows of a table that is there have its present columns.
        shape.columns := (SELECT jsonb_agg(c) FROM jsonb_array_elements(shape.columns) c
                          WHERE c -> 'number' IN (SELECT p -> 'number' FROM jsonb_array_elements(present) p));
        images := format('SELECT bemi.renamed(r.row_data, %L) FROM bemi.rows_as_of($1, $6, $7, $8, $9, $10) r', bemi.new_names(present, shape.columns));
    ELSE
        PERFORM bemi.require_all_rows(source, cut.at, cut."position", cut.sequence);
        images := 'SELECT * FROM bemi.rows_of_dropped($1, $2, $3, $4, $5)';
    END IF;

    EXECUTE format('CREATE TABLE %s (%s%s)', target,
        (SELECT string_agg(format('%I %s', c ->> 'name', c ->> 'type'), ', ') FROM jsonb_array_elements(shape.columns) c),
        (SELECT format(', PRIMARY KEY (%s)', string_agg(quote_ident(k), ', ')) FROM unnest(shape.key) k
         HAVING bool_and(k IN (SELECT c ->> 'name' FROM jsonb_array_elements(shape.columns) c))));
    EXECUTE format('INSERT INTO %s SELECT (jsonb_populate_record(NULL::%1$s, i.image)).* FROM (%s) AS i (image)', target, images)
        USING source, shape.columns, cut.at, cut."position", cut.sequence, at, lsn, transaction, change, mark;
    GET DIAGNOSTICS number = ROW_COUNT;
    RETURN number;
END
$$;
COMMENT ON FUNCTION bemi.restore_into(oid, text, text, timestamptz, pg_lsn, bigint, uuid, text) IS
    'Internal, for bemi.restore(): creates the table and fills it; returns the number of rows.';

-- It looks names up in the search_path of the caller.
CREATE FUNCTION bemi.restore(
    relation text, new_table text, at timestamptz DEFAULT NULL, lsn pg_lsn DEFAULT NULL, transaction bigint DEFAULT NULL,
    change uuid DEFAULT NULL, mark text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    names text[];
    source oid;
BEGIN
    IF relation IS NULL OR new_table IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'the names of both tables must be given';
    END IF;
    names := pg_catalog.parse_ident(new_table);
    IF pg_catalog.cardinality(names) OPERATOR(pg_catalog.>) 2 THEN
        RAISE syntax_error USING MESSAGE = pg_catalog.format('improper relation name (too many dotted names): %s', new_table);
    ELSIF pg_catalog.cardinality(names) OPERATOR(pg_catalog.=) 1 THEN
        names := pg_catalog.array_prepend(pg_catalog.current_schema()::text, names);
    END IF;
    IF names[1] IS NULL THEN
        RAISE invalid_schema_name USING MESSAGE = 'no schema has been selected to create in';
    END IF;
    source := CASE WHEN relation OPERATOR(pg_catalog.~) '^[0-9]+$' THEN
        (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid::text OPERATOR(pg_catalog.=) relation)
        ELSE pg_catalog.to_regclass(relation) END;
    RETURN bemi.restore_into(COALESCE(source, bemi.dropped_table(relation)), names[1], names[2], at, lsn, transaction, change, mark);
END
$$;
COMMENT ON FUNCTION bemi.restore(text, text, timestamptz, pg_lsn, bigint, uuid, text) IS
    'Makes a new table with the rows that a table had at a moment, also one that was dropped; returns their number.';
