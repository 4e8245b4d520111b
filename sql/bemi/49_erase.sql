-- bemi.erase(): values of a record become null in all stored changes.

-- The worker stores the changes, and it alone changes them: the function asks it to.
CREATE FUNCTION bemi.erase(
    relation regclass, key text, columns text[] DEFAULT NULL, context_keys text[] DEFAULT NULL, reason text DEFAULT NULL) RETURNS void
    LANGUAGE c SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'bemi_erase';
COMMENT ON FUNCTION bemi.erase(regclass, text, text[], text[], text) IS
    'Makes values of the row with this primary key null in all its stored changes: those of the columns, or of all but the primary key; and keys of the contexts of these changes. The worker does it after the commit, and stores a change with operation ERASURE that says who has asked for it and why.';
REVOKE ALL ON FUNCTION bemi.erase(regclass, text, text[], text[], text) FROM PUBLIC;

CREATE FUNCTION bemi.shape_at(shapes bemi.keyed_shape[], relation oid, "position" bigint, sequence bigint) RETURNS bemi.keyed_shape
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s FROM unnest($1) s
    WHERE s.relation = $2 AND ROW($3, $4) >= ROW(s.from_position, s.from_sequence)
      AND (s.to_position IS NULL OR ROW($3, $4) < ROW(s.to_position, s.to_sequence))
    LIMIT 1;
END;
COMMENT ON FUNCTION bemi.shape_at(bemi.keyed_shape[], oid, bigint, bigint) IS 'Internal, for bemi.erase(): the shape that a table had at a place in the order of changes.';

-- Without columns, all but the primary key. A column is meant by its present name, or if it is gone by its last one.
CREATE FUNCTION bemi.is_to_erase(name text, shape bemi.keyed_shape, columns text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN columns IS NULL THEN name <> ALL ((shape).key) ELSE coalesce((shape).renamed ->> name, name) = ANY (columns) END;
COMMENT ON FUNCTION bemi.is_to_erase(text, bemi.keyed_shape, text[]) IS 'Internal, for bemi.erase(): whether a column of an image is to be erased.';

CREATE FUNCTION bemi.erased_image(image jsonb, shape bemi.keyed_shape, columns text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN bemi.is_to_erase(e.key, $2, $3) THEN 'null' ELSE e.value END), '{}')
    FROM jsonb_each($1) e;
END;
COMMENT ON FUNCTION bemi.erased_image(jsonb, bemi.keyed_shape, text[]) IS 'Internal, for bemi.erase(): the image of a row without the values of the columns.';

CREATE FUNCTION bemi.erased_context(context jsonb, keys text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_object_agg(e.key, CASE WHEN e.key = ANY ($2) THEN 'null' ELSE e.value END), '{}') FROM jsonb_each($1) e;
END;
COMMENT ON FUNCTION bemi.erased_context(jsonb, text[]) IS 'Internal, for bemi.erase(): the context without the values of the keys.';

CREATE FUNCTION bemi.statement_in(context jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN coalesce(context #>> '{pg,sql}', context ->> 'SQL');
COMMENT ON FUNCTION bemi.statement_in(jsonb) IS 'Internal, for bemi.erase(): the statement in a context; null if there is none.';

CREATE FUNCTION bemi.without_statement(context jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN jsonb_set(CASE WHEN context #> '{pg,sql}' IS NOT NULL THEN jsonb_set(context, '{pg,sql}', 'null') ELSE context END,
                 '{SQL}', 'null', false);
COMMENT ON FUNCTION bemi.without_statement(jsonb) IS 'Internal, for bemi.erase(): the context without the text of the statement.';

-- The changes of the row that can hold its values.
CREATE FUNCTION bemi.changes_to_erase(relation oid, shapes bemi.keyed_shape[], key text) RETURNS TABLE (
    number bigint, change bemi.row_change, shape bemi.keyed_shape)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.number, ROW(c.id, c.operation, c.before, c.after, c.context, c.committed_at, c.transaction_id, c.commit_position, c.sequence,
                         c.relation, c.renamed)::bemi.row_change,
           bemi.shape_at($2, c.relation, c.commit_position, c.sequence)
    FROM bemi.changes_of($1, $2, $3, NULL) WITH ORDINALITY AS c (id, operation, before, after, context, committed_at, transaction_id,
        commit_position, sequence, relation, renamed, number)
    WHERE c.operation NOT IN ('TRUNCATE', 'DROP');
END;
COMMENT ON FUNCTION bemi.changes_to_erase(oid, bemi.keyed_shape[], text) IS 'Internal, for bemi.erase(): the stored changes of a row, in their order.';

CREATE FUNCTION bemi.erases_key(shapes bemi.keyed_shape[], columns text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM unnest($1) s CROSS JOIN LATERAL unnest(s.key) k WHERE bemi.is_to_erase(k, s, $2));
END;
COMMENT ON FUNCTION bemi.erases_key(bemi.keyed_shape[], text[]) IS 'Internal, for bemi.erase(): whether the columns are some of the primary key.';

-- Looking back finds the past of a row that is there by its primary key.
CREATE FUNCTION bemi.require_gone(relation oid, shapes bemi.keyed_shape[], key text, columns text[]) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_there boolean;
BEGIN
    IF bemi.erases_key(shapes, columns) THEN
        SELECT c.after <> '{}' INTO is_there
        FROM bemi.changes_of($1, $2, $3, NULL) WITH ORDINALITY AS c (id, operation, before, after, context, committed_at,
            transaction_id, commit_position, sequence, relation, renamed, number)
        ORDER BY c.number DESC LIMIT 1;
        IF is_there THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('cannot erase the primary key of a row of table "%s" that is there', bemi.name_of($1)),
                HINT = 'Delete the row, or give it another key, and commit that before.';
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION bemi.require_gone(oid, bemi.keyed_shape[], text, text[]) IS
    'Internal, for bemi.erase(): an error if the primary key is to be erased of a row that is still in the table.';

CREATE FUNCTION bemi.erasure_request(
    relation regclass, key text, columns text[], context_keys text[], reason text, role text, context jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root constant oid := coalesce(pg_partition_root(relation), relation);
    shapes bemi.keyed_shape[];
    missing text;
BEGIN
    IF num_nulls(relation, key) > 0 THEN
        RAISE null_value_not_allowed USING MESSAGE = format('"%s" must not be null', CASE WHEN relation IS NULL THEN 'relation' ELSE 'key' END);
    ELSIF reason IS NULL OR reason ~ '^\s*$' THEN
        RAISE null_value_not_allowed USING MESSAGE = 'no reason is given', HINT = 'Give the argument reason. It stays in the history.';
    ELSIF array_position(columns, NULL) IS NOT NULL OR array_position(context_keys, NULL) IS NOT NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = format('"%s" must not have null elements', CASE WHEN array_position(columns, NULL) IS NULL THEN 'context_keys' ELSE 'columns' END);
    ELSIF columns = '{}' AND coalesce(context_keys, '{}') = '{}' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'there is nothing to erase',
            HINT = 'Name columns or keys of contexts, or leave out columns to erase all but the primary key.';
    END IF;
    PERFORM bemi.require_history_by_key(root);
    shapes := bemi.shapes_by_key(root, true);
    missing := n FROM unnest(columns) n
        WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = root AND a.attname = n AND a.attnum > 0 AND NOT a.attisdropped)
          AND NOT EXISTS (SELECT FROM bemi.shapes_of(root) s CROSS JOIN jsonb_array_elements(s.columns) c WHERE c ->> 'name' = n)
        LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE undefined_column USING MESSAGE = format('column "%s" of table "%s" does not exist', missing, bemi.name_of(root)),
            DETAIL = 'None of its columns was ever called so in the history.';
    END IF;
    PERFORM bemi.require_gone(root, shapes, key, columns);
    RETURN jsonb_build_object('relation', root::text, 'key', key, 'columns', columns, 'context_keys', context_keys,
                              'reason', reason, 'role', role, 'context', context);
END
$$;
COMMENT ON FUNCTION bemi.erasure_request(regclass, text, text[], text[], text, text, jsonb) IS
    'Internal, for bemi.erase(): what the worker is to do; an error if that cannot be.';
REVOKE ALL ON FUNCTION bemi.erasure_request(regclass, text, text[], text[], text, text, jsonb) FROM PUBLIC;
