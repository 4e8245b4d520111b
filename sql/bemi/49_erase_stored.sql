-- bemi.erase(), second part: what the worker does when all is stored that was committed before the request, or with it.

-- The text of an error can hold the value that it is about. Of a change that is missing nobody knows the row: its error counts if one of
-- the values is in it.
CREATE FUNCTION bemi.erase_errors(relation oid, shapes bemi.keyed_shape[], key text, columns text[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE bemi.errors e SET error = 'The text was erased.'
    WHERE e.operation <> 'ERASURE' AND EXISTS (SELECT FROM unnest(shapes) s WHERE s.schema = e.schema AND s."table" = e."table")
      AND (e.id IN (SELECT (c.change).id FROM bemi.changes_to_erase($1, $2, $3) c)
           OR EXISTS (
              SELECT FROM bemi.changes_to_erase($1, $2, $3) c
              CROSS JOIN LATERAL (VALUES ((c.change).before), ((c.change).after)) AS i (image)
              CROSS JOIN LATERAL jsonb_each_text(i.image) v
              WHERE bemi.is_to_erase(v.key, c.shape, $4) AND length(v.value) > 2 AND position(v.value IN e.error) > 0));
END
$$;
COMMENT ON FUNCTION bemi.erase_errors(oid, bemi.keyed_shape[], text, text[]) IS
    'Internal, for bemi.erase(): the texts of errors about values that are to be erased.';

-- The statement that has changed the row has the values in its text. Other changes of the statement have this text too.
CREATE FUNCTION bemi.erase_statements(relation oid, shapes bemi.keyed_shape[], key text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE bemi.changes t SET context = bemi.without_statement(t.context)
    FROM (SELECT DISTINCT (c.change).committed_at, (c.change).transaction_id, bemi.statement_in((c.change).context) AS statement
          FROM bemi.changes_to_erase($1, $2, $3) c) AS s
    WHERE t.committed_at = s.committed_at AND t.transaction_id = s.transaction_id AND bemi.statement_in(t.context) = s.statement
      AND t.operation <> 'ERASURE';
END
$$;
COMMENT ON FUNCTION bemi.erase_statements(oid, bemi.keyed_shape[], text) IS
    'Internal, for bemi.erase(): the texts of the statements that have changed a row.';

-- Another text stands for each key that the row has had.
CREATE FUNCTION bemi.erase_keys(ids uuid[], times timestamptz[], erasure uuid) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keys text[];
    pseudonyms text[];
BEGIN
    SELECT array_agg(k.key), array_agg(concat_ws(':', 'erased', erasure, nullif(k.number, 1))) INTO keys, pseudonyms
    FROM (
        SELECT u.key, row_number() OVER (ORDER BY u.key) AS number
        FROM (
            SELECT c.primary_key AS key FROM unnest(ids, times) AS f (id, committed_at) JOIN bemi.changes c USING (committed_at, id)
            UNION
            SELECT m.old_key FROM unnest(ids, times) AS f (id, committed_at) JOIN bemi.moved_keys m USING (committed_at, id)
        ) u
        WHERE u.key NOT LIKE 'erased:%'
    ) k;
    UPDATE bemi.changes c SET primary_key = p.pseudonym
    FROM unnest(ids, times) AS f (id, committed_at), unnest(keys, pseudonyms) AS p (key, pseudonym)
    WHERE c.committed_at = f.committed_at AND c.id = f.id AND c.primary_key = p.key;
    UPDATE bemi.moved_keys m SET old_key = p.pseudonym
    FROM unnest(ids, times) AS f (id, committed_at), unnest(keys, pseudonyms) AS p (key, pseudonym)
    WHERE m.committed_at = f.committed_at AND m.id = f.id AND m.old_key = p.key;
END
$$;
COMMENT ON FUNCTION bemi.erase_keys(uuid[], timestamptz[], uuid) IS 'Internal, for bemi.erase(): the primary key of the row in its changes.';

-- Returns how many changes had something to erase.
CREATE FUNCTION bemi.erase_images(relation oid, shapes bemi.keyed_shape[], key text, columns text[], context_keys text[]) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    WITH change AS MATERIALIZED (
        SELECT (c.change).id, (c.change).committed_at, (c.change).before, (c.change).after,
               bemi.erased_image((c.change).before, c.shape, columns) AS new_before,
               bemi.erased_image((c.change).after, c.shape, columns) AS new_after,
               bemi.erased_context((c.change).context, context_keys) AS new_context
        FROM bemi.changes_to_erase($1, $2, $3) c WHERE (c.change).operation <> 'ERASURE'
    ), erased AS (
        UPDATE bemi.changes t SET before = c.new_before, after = c.new_after, context = c.new_context
        FROM change c
        WHERE t.committed_at = c.committed_at AND t.id = c.id
          AND (t.before, t.after, t.context) IS DISTINCT FROM (c.new_before, c.new_after, c.new_context)
        RETURNING t.id
    ), marked AS (
        INSERT INTO bemi.erased_values AS e (id, committed_at, columns, changed)
        SELECT c.id, c.committed_at, coalesce(v.columns, '{}'), v.changed
        FROM change c JOIN erased t ON t.id = c.id
        CROSS JOIN LATERAL (
            SELECT array_agg(k.name) AS columns,
                   coalesce(array_agg(k.name) FILTER (WHERE coalesce(c.before -> k.name, 'null') <> coalesce(c.after -> k.name, 'null')), '{}') AS changed
            FROM jsonb_object_keys(c.before || c.after) AS k (name)
            WHERE (c.before -> k.name, c.after -> k.name) IS DISTINCT FROM (c.new_before -> k.name, c.new_after -> k.name)
        ) v
        ON CONFLICT (committed_at, id) DO UPDATE
        SET columns = ARRAY(SELECT unnest(e.columns) UNION SELECT unnest(excluded.columns)),
            changed = ARRAY(SELECT unnest(e.changed) UNION SELECT unnest(excluded.changed)), erased_at = excluded.erased_at
    )
    SELECT count(*) INTO number FROM erased;
    RETURN number;
END
$$;
COMMENT ON FUNCTION bemi.erase_images(oid, bemi.keyed_shape[], text, text[], text[]) IS
    'Internal, for bemi.erase(): the values of a row in its changes, and keys of their contexts. Returns the number of changes.';

CREATE FUNCTION bemi.store_erasure(
    id uuid, committed_at timestamptz, transaction_id bigint, "position" bigint, commit_position bigint, request jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root constant oid := request ->> 'relation';
    key constant text := request ->> 'key';
    columns constant text[] := CASE WHEN request -> 'columns' <> 'null' THEN ARRAY(SELECT jsonb_array_elements_text(request -> 'columns')) END;
    context_keys constant text[] := CASE WHEN request -> 'context_keys' <> 'null' THEN ARRAY(SELECT jsonb_array_elements_text(request -> 'context_keys')) END;
    shapes bemi.keyed_shape[];
    ids uuid[];
    times timestamptz[];
    part oid := root;
    schema_name text;
    table_name text;
    last_key text := key;
    number bigint;
    message text;
BEGIN
    shapes := bemi.shapes_by_key(root, true);
    PERFORM bemi.require_gone(root, shapes, key, columns);
    SELECT array_agg((c.change).id ORDER BY c.number), array_agg((c.change).committed_at ORDER BY c.number),
           coalesce((array_agg((c.change).relation ORDER BY c.number DESC))[1], root)
    INTO ids, times, part FROM bemi.changes_to_erase(root, shapes, key) c;
    -- The change that says so has the name and the key that the row had last.
    SELECT s.schema, s."table" INTO schema_name, table_name FROM bemi.shapes_of(root) s
    WHERE s.relation = part ORDER BY s.from_position DESC, s.from_sequence DESC LIMIT 1;
    IF columns IS DISTINCT FROM '{}' THEN
        PERFORM bemi.erase_errors(root, shapes, key, columns);
        PERFORM bemi.erase_statements(root, shapes, key);
    END IF;
    number := bemi.erase_images(root, shapes, key, columns, context_keys);
    IF bemi.erases_key(shapes, columns) THEN
        PERFORM bemi.erase_keys(ids, times, $1);
        last_key := concat('erased:', $1);
    END IF;
    last_key := coalesce((SELECT c.primary_key FROM bemi.changes c
        WHERE c.committed_at = times[cardinality(times)] AND c.id = ids[cardinality(ids)]), last_key);
    INSERT INTO bemi.changes (id, database, schema, "table", primary_key, operation, before, after, context, committed_at, queued_at,
        created_at, transaction_id, position, commit_position, sequence)
    VALUES ($1, current_database(), schema_name, table_name, last_key, 'ERASURE', '{}', '{}',
        (request -> 'context') || jsonb_build_object('erasure', request - '{relation,key,context}'::text[] || jsonb_build_object('changes', number)),
        $2, now(), now(), $3, $4, $5, $4);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
    INSERT INTO bemi.errors (id, commit_position, sequence, schema, "table", operation, committed_at, sqlstate, error)
    VALUES ($1, $5, $4, coalesce(schema_name, ''), coalesce(table_name, root::text), 'ERASURE', $2, SQLSTATE, message);
END
$$;
COMMENT ON FUNCTION bemi.store_erasure(uuid, timestamptz, bigint, bigint, bigint, jsonb) IS
    'Internal: the worker does what bemi.erase() has asked for.';
REVOKE ALL ON FUNCTION bemi.store_erasure(uuid, timestamptz, bigint, bigint, bigint, jsonb) FROM PUBLIC;
