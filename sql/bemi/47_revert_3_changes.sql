-- Taking changes back, first part: which changes are selected, and of which tables. What the functions here return is SQL, as text,
-- in which c is a row of bemi.changes.

-- The selectors that are given, with the names of the arguments.
CREATE FUNCTION bemi.revert_selector(
    change uuid, transaction bigint, context jsonb, relation regclass, key text, operations text[],
    since timestamptz, until timestamptz, since_mark text) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC'
BEGIN ATOMIC
    SELECT jsonb_object_agg(s.name, s.value)
    FROM (VALUES ('change', to_jsonb($1)), ('transaction', to_jsonb($2)), ('context', $3), ('relation', to_jsonb($4::text)),
                 ('key', to_jsonb($5)), ('operations', to_jsonb($6)), ('since', to_jsonb($7)), ('until', to_jsonb($8)),
                 ('since_mark', to_jsonb($9))) AS s (name, value)
    WHERE s.value IS NOT NULL;
END;
COMMENT ON FUNCTION bemi.revert_selector(uuid, bigint, jsonb, regclass, text, text[], timestamptz, timestamptz, text) IS
    'Internal, for bemi.revert(): the selectors that are given, as a JSON object; null if there are none.';

CREATE FUNCTION bemi.require_table(relation oid) RETURNS void
    LANGUAGE c STABLE STRICT AS 'MODULE_PATHNAME', 'bemi_require_table';
COMMENT ON FUNCTION bemi.require_table(oid) IS 'Internal: an error unless it is a table whose changes can be stored.';

CREATE FUNCTION bemi.revert_require(selector jsonb, relation oid, operations text[], conflicts text, triggers boolean) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF selector IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = 'no changes are selected',
            HINT = 'Give at least one of the arguments change, transaction, context, relation, key, operations, since, until and since_mark.';
    END IF;
    IF (conflicts IN ('error', 'skip', 'force', 'cascade')) IS NOT TRUE THEN
        RAISE invalid_parameter_value USING MESSAGE = format('invalid value for argument "conflicts": %L', conflicts),
            HINT = 'Valid values are error, skip, force and cascade.';
    END IF;
    IF NOT operations <@ '{CREATE,UPDATE,DELETE,TRUNCATE}' OR operations = '{}' THEN
        RAISE invalid_parameter_value USING MESSAGE = format('invalid value for argument "operations": %L', operations),
            HINT = 'Valid members are CREATE, UPDATE, DELETE and TRUNCATE.';
    END IF;
    IF jsonb_typeof(selector->'context') <> 'object' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'argument "context" is not a JSON object',
            HINT = 'Pass the members that the context must have, such as ''{"user_id": 7}''.';
    END IF;
    IF triggers IS FALSE AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE insufficient_privilege USING MESSAGE = 'must be superuser to take changes back without triggers';
    END IF;
    PERFORM bemi.require_table(relation);
END
$$;
COMMENT ON FUNCTION bemi.revert_require(jsonb, oid, text[], text, boolean) IS
    'Internal, for bemi.revert(): an error unless the arguments can be used.';

-- Relations are no part of the condition: the names of each tell which changes are its own.
CREATE FUNCTION bemi.revert_condition(selector jsonb) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    conditions text[] := array['c.operation = ANY (''{CREATE,UPDATE,DELETE,TRUNCATE}'')'];
    form record;
    mark record;
BEGIN
    FOR form IN
        SELECT f.* FROM (VALUES
            ('change', 'c.id = %L::uuid'), ('transaction', 'c.transaction_id = %L::bigint'), ('context', 'c.context @> %L::jsonb'),
            ('since', 'c.committed_at > %L::timestamptz'), ('until', 'c.committed_at <= %L::timestamptz')) AS f (name, condition)
        WHERE selector ? f.name
    LOOP
        conditions := conditions || format(form.condition, selector->>form.name);
    END LOOP;
    IF selector ? 'operations' THEN
        conditions := conditions || format('c.operation = ANY (%L)',
            (SELECT array_agg(o) FROM jsonb_array_elements_text(selector->'operations') o));
    END IF;
    IF selector ? 'key' THEN
        conditions := conditions || bemi.revert_key_condition((selector->>'relation')::regclass, selector->>'key');
    END IF;
    IF selector ? 'since_mark' THEN
        mark := bemi.cut_of(NULL, NULL, NULL, NULL, selector->>'since_mark');
        conditions := conditions || format('c.commit_position > %s AND c.committed_at >= %L', mark."position", mark.since);
    END IF;
    RETURN array_to_string(conditions, ' AND ');
END
$$;
COMMENT ON FUNCTION bemi.revert_condition(jsonb) IS
    'Internal, for bemi.revert(): the condition that the selectors other than relation make.';

-- A change of the primary key is stored under the new key.
CREATE FUNCTION bemi.revert_key_condition(relation oid, key text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('(c.primary_key = %L', $2) || CASE WHEN count(*) > 0 THEN format(' OR c.id = ANY (%L)', array_agg(m.id)) ELSE '' END || ')'
    FROM (SELECT DISTINCT n.schema, n."table" FROM bemi.revert_names($1, NULL) n) AS n
    CROSS JOIN bemi.moved_from(n.schema, n."table", $2) m;
END;
COMMENT ON FUNCTION bemi.revert_key_condition(oid, text) IS
    'Internal, for bemi.revert(): the condition for the changes of the row with the key, and for that which gave it another key.';
