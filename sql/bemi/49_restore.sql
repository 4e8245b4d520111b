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
        images := format('SELECT bemi.renamed(r.row_data, %L) FROM bemi.rows_as_of($1, $5, $6, $7, $8, $9) r', bemi.new_names(present, shape.columns));
    ELSE
        PERFORM bemi.require_all_rows(source, cut.at, cut."position", cut.sequence);
        images := 'SELECT r.row_data FROM bemi.rows_forward($1, $2, $3, $4) r';
    END IF;

    EXECUTE format('CREATE TABLE %s (%s%s)', target,
        (SELECT string_agg(format('%I %s', c ->> 'name', c ->> 'type'), ', ') FROM jsonb_array_elements(shape.columns) c),
        (SELECT format(', PRIMARY KEY (%s)', string_agg(quote_ident(k), ', ')) FROM unnest(shape.key) k
         HAVING bool_and(k IN (SELECT c ->> 'name' FROM jsonb_array_elements(shape.columns) c))));
    EXECUTE format('INSERT INTO %s SELECT (jsonb_populate_record(NULL::%1$s, i.image)).* FROM (%s) AS i (image)', target, images)
        USING source, cut.at, cut."position", cut.sequence, at, lsn, transaction, change, mark;
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
