-- The changes of one row: under which keys and names it was when, and what happened to it there.

-- The order of the changes of a row is (committed_at, commit_position, sequence): a restored history comes from another server,
-- whose positions say nothing here.

CREATE FUNCTION bemi.key_columns(columns jsonb, key text[]) RETURNS integer[]
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT array_agg((c->>'number')::integer ORDER BY k.n) FROM unnest(key) WITH ORDINALITY AS k (name, n)
            JOIN jsonb_array_elements(columns) AS c ON c->>'name' = k.name);
END
$$;
COMMENT ON FUNCTION bemi.key_columns(jsonb, text[]) IS 'Internal: the numbers of the columns of a primary key, in the order of the key; null if there is none.';

CREATE FUNCTION bemi.names_since(relation oid, columns jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names jsonb;
BEGIN
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = relation) THEN
        SELECT jsonb_object_agg(c->>'name', a.attname) INTO names
        FROM jsonb_array_elements(columns) AS c
        LEFT JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = (c->>'number')::smallint AND NOT a.attisdropped
        HAVING bool_or(a.attname IS DISTINCT FROM c->>'name');
    END IF;
    RETURN names;
END
$$;
COMMENT ON FUNCTION bemi.names_since(oid, jsonb) IS
    'Internal: the names that columns had, with those that they have now, null for columns that are gone; null if all have the names that they had.';

CREATE TYPE bemi.keyed_shape AS (
    relation oid, schema text, "table" text, key text[], from_position bigint, from_sequence bigint, to_position bigint, to_sequence bigint,
    from_time timestamptz, is_same_key boolean, renamed jsonb);
COMMENT ON TYPE bemi.keyed_shape IS
    'Internal: a shape of a table, whether its primary key has the columns that it has now, and the present names of its columns.';

-- Finding former names takes long, and only a restored history has them.
CREATE FUNCTION bemi.has_former_shapes() RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here constant record := bemi.server_and_database();
BEGIN
    RETURN EXISTS (SELECT FROM bemi.shapes s WHERE ROW(s.system_identifier, s.database) < ROW(here.system_identifier, here.database))
        OR EXISTS (SELECT FROM bemi.shapes s WHERE ROW(s.system_identifier, s.database) > ROW(here.system_identifier, here.database));
END
$$;
COMMENT ON FUNCTION bemi.has_former_shapes() IS 'Internal: whether there are shapes of tables on another server, or in another database.';

-- The text of another key means something else. Columns are called differently now if renamed is not null: it has the name of then
-- and that of now, null for a column that is gone.
CREATE FUNCTION bemi.keyed_shapes(relation oid, with_names boolean) RETURNS SETOF bemi.keyed_shape
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT s.relation, s.schema, s."table", s.key, s.from_position, s.from_sequence, s.to_position, s.to_sequence, s.from_time,
           coalesce(s.columns = s.last_columns AND s.key = s.last_key
               OR bemi.key_columns(s.columns, s.key) = bemi.key_columns(s.last_columns, s.last_key), false),
           CASE WHEN $2 THEN bemi.names_since(s.relation, s.columns) END
    FROM (
        SELECT o.*, first_value(o.columns) OVER latest AS last_columns, first_value(o.key) OVER latest AS last_key
        FROM (
            SELECT * FROM bemi.shapes_of($1)
            UNION ALL
            SELECT * FROM bemi.former_shapes_of($1) WHERE bemi.has_former_shapes()
        ) o
        WINDOW latest AS (PARTITION BY o.relation ORDER BY o.from_time DESC, o.from_position DESC, o.from_sequence DESC)
    ) s;
END;
COMMENT ON FUNCTION bemi.keyed_shapes(oid, boolean) IS
    'Internal: the shapes of a table and its partitions, with their keys and, if wanted, names of columns.';

CREATE FUNCTION bemi.require_history_by_key(relation oid) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind constant "char" := c.relkind FROM pg_class c WHERE c.oid = relation;
    is_keyed boolean;
    other_until timestamptz;
BEGIN
    IF kind NOT IN ('r', 'p') THEN
        RAISE wrong_object_type USING MESSAGE = format('"%s" is not a table', bemi.name_of(relation));
    END IF;
    SELECT bool_or(s.is_same_key), max(s.from_time) FILTER (WHERE NOT s.is_same_key) INTO is_keyed, other_until
    FROM bemi.keyed_shapes(relation, false) s;
    IF is_keyed IS NULL AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = '~bemi_truncate') THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = format('table "%s" is not tracked', bemi.name_of(relation)),
            HINT = format('Call bemi.track(%L): its history begins then.', relation::regclass);
    ELSIF NOT coalesce(is_keyed, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = relation AND i.indisprimary)) THEN
        RAISE object_not_in_prerequisite_state USING MESSAGE = format('table "%s" has no primary key', bemi.name_of(relation)),
            HINT = 'Search bemi.changes for its values: before @> ''{"column": "value"}'' OR after @> ''{"column": "value"}''.';
    ELSIF other_until IS NOT NULL THEN
        RAISE NOTICE 'changes of table "%" from before it got its primary key are not shown', bemi.name_of(relation)
            USING DETAIL = format('It last got another shape without this key at %s.', other_until);
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.require_history_by_key(oid) IS 'Internal: an error unless changes of the table can be found by its primary key.';

CREATE FUNCTION bemi.shapes_by_key(relation oid, with_names boolean) RETURNS bemi.keyed_shape[]
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shapes bemi.keyed_shape[];
    is_always_keyed boolean;
BEGIN
    SELECT array_agg(s) FILTER (WHERE s.is_same_key), bool_and(s.is_same_key) INTO shapes, is_always_keyed
    FROM bemi.keyed_shapes(relation, with_names) s;
    IF is_always_keyed IS NOT TRUE THEN
        PERFORM bemi.require_history_by_key(relation);
    END IF;
    RETURN shapes;
END
$$;
COMMENT ON FUNCTION bemi.shapes_by_key(oid, boolean) IS
    'Internal: the shapes of a table and its partitions with the primary key that it has now; an error if it has none, or no history.';

CREATE FUNCTION bemi.with_present_names(image jsonb, renamed jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF renamed IS NULL THEN
        RETURN image;
    END IF;
    RETURN (SELECT coalesce(jsonb_object_agg(coalesce(renamed->>e.key, e.key), e.value), '{}') FROM jsonb_each(image) e
            WHERE renamed->e.key IS DISTINCT FROM 'null');
END
$$;
COMMENT ON FUNCTION bemi.with_present_names(jsonb, jsonb) IS 'Internal: the image of a row with the present names of its columns, without those that are gone.';

-- An arrival is a change that gave a row this key, a departure one that gave the row with this key another one.
CREATE FUNCTION bemi.moves_of(shapes bemi.keyed_shape[], key text) RETURNS TABLE (
    at timestamptz, "position" bigint, sequence bigint, is_arrival boolean, other text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH shape AS MATERIALIZED (SELECT * FROM unnest(shapes)),
    name AS (SELECT DISTINCT s.schema, s."table" FROM shape s)
    SELECT m.committed_at, m.commit_position, m.sequence, m.is_arrival, m.other
    FROM name n
    CROSS JOIN LATERAL (
        SELECT c.committed_at, c.commit_position, c.sequence, false AS is_arrival, c.primary_key AS other
        FROM bemi.moved_keys k JOIN bemi.changes c ON c.committed_at = k.committed_at AND c.id = k.id
        WHERE k."table" = n."table" AND k.old_key = $2 AND k.schema = n.schema
        UNION ALL
        SELECT c.committed_at, c.commit_position, c.sequence, true, k.old_key
        FROM bemi.changes c
        CROSS JOIN LATERAL (SELECT * FROM bemi.moved_keys k WHERE k.committed_at = c.committed_at AND k.id = c.id OFFSET 0) AS k
        WHERE c."table" = n."table" AND c.primary_key = $2 AND c.schema = n.schema AND c.operation = 'UPDATE'
    ) AS m
    WHERE EXISTS (SELECT FROM shape s WHERE s.schema = n.schema AND s."table" = n."table"
                  AND ROW(m.commit_position, m.sequence) >= ROW(s.from_position, s.from_sequence)
                  AND (s.to_position IS NULL OR ROW(m.commit_position, m.sequence) < ROW(s.to_position, s.to_sequence)));
END
$$;
COMMENT ON FUNCTION bemi.moves_of(bemi.keyed_shape[], text) IS 'Internal: the changes that gave a row this key, or the row with this key another one.';

-- The row that has the key now, or had it last, is followed back to where it came from, and forward to where it went. A row that
-- came to a key that another one had left, or has left, is another row. A row that is deleted, and one that is created with its key,
-- count as one.
CREATE FUNCTION bemi.stays_of(relation oid, key text) RETURNS TABLE (
    place text, from_time timestamptz, from_position bigint, from_sequence bigint,
    to_time timestamptz, to_position bigint, to_sequence bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    shapes bemi.keyed_shape[];
    last record;
    move record;
    near record;
BEGIN
    place := key;
    from_time := '-infinity'; from_position := 0; from_sequence := 0;
    to_time := 'infinity'; to_position := 0; to_sequence := 0;
    IF NOT EXISTS (SELECT FROM bemi.moved_keys) THEN
        RETURN NEXT;
        RETURN;
    END IF;
    shapes := ARRAY(SELECT s FROM bemi.keyed_shapes($1, false) s WHERE s.is_same_key);
    SELECT * INTO last FROM bemi.moves_of(shapes, $2) m ORDER BY m.at DESC, m.position DESC, m.sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN NEXT;
        RETURN;
    END IF;

    IF NOT last.is_arrival THEN
        IF bemi.has_changed_since(shapes, key, last.at, last.position, last.sequence) THEN
            from_time := last.at; from_position := last.position; from_sequence := last.sequence + 1;
            RETURN NEXT;
            RETURN;
        END IF;
        move := last;
        LOOP
            place := move.other;
            from_time := move.at; from_position := move.position; from_sequence := move.sequence;
            SELECT * INTO near FROM bemi.moves_of(shapes, move.other) m
            WHERE ROW(m.at, m.position, m.sequence) > ROW(move.at, move.position, move.sequence)
            ORDER BY m.at, m.position, m.sequence LIMIT 1;
            to_time := coalesce(near.at, 'infinity'); to_position := coalesce(near.position, 0); to_sequence := coalesce(near.sequence, 0);
            RETURN NEXT;
            EXIT WHEN near.at IS NULL OR near.is_arrival;
            move := near;
        END LOOP;
        to_time := last.at; to_position := last.position; to_sequence := last.sequence;
        place := key;
    END IF;

    LOOP
        SELECT * INTO near FROM bemi.moves_of(shapes, place) m
        WHERE ROW(m.at, m.position, m.sequence) < ROW(to_time, to_position, to_sequence)
        ORDER BY m.at DESC, m.position DESC, m.sequence DESC LIMIT 1;
        from_time := coalesce(near.at, '-infinity'); from_position := coalesce(near.position, 0);
        from_sequence := coalesce(near.sequence + CASE WHEN near.is_arrival THEN 0 ELSE 1 END, 0);
        RETURN NEXT;
        EXIT WHEN near.at IS NULL OR NOT near.is_arrival;
        to_time := near.at; to_position := near.position; to_sequence := near.sequence;
        place := near.other;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.stays_of(oid, text) IS
    'Internal: the keys that the row with this key has had, and from when until when: [from, to) by time, position and sequence.';

CREATE FUNCTION bemi.has_changed_since(shapes bemi.keyed_shape[], key text, at timestamptz, "position" bigint, sequence bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM unnest(shapes) s
        CROSS JOIN LATERAL (
            SELECT c.commit_position, c.sequence FROM bemi.changes c
            WHERE c."table" = s."table" AND c.primary_key = $2 AND c.schema = s.schema AND c.committed_at >= $3
              AND c.operation <> 'ERASURE'
              AND ROW(c.committed_at, c.commit_position, c.sequence) > ROW($3, $4, $5)
            OFFSET 0
        ) AS c
        WHERE ROW(c.commit_position, c.sequence) >= ROW(s.from_position, s.from_sequence)
          AND (s.to_position IS NULL OR ROW(c.commit_position, c.sequence) < ROW(s.to_position, s.to_sequence)));
END
$$;
COMMENT ON FUNCTION bemi.has_changed_since(bemi.keyed_shape[], text, timestamptz, bigint, bigint) IS 'Internal: whether there is a later change with this key.';
