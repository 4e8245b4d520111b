-- Taking changes back, last part: what is returned for each step.

-- An element of an array that is null is written in a way that no setting makes a text of: array_nulls may be off.
CREATE FUNCTION bemi.revert_literal(value text, image jsonb, type text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN $1 LIKE '%NULL%' THEN format('(SELECT r.v FROM pg_catalog.jsonb_to_record(%L) AS r (v %s))', jsonb_build_object('v', $2), $3)
            ELSE quote_nullable($1) END;
COMMENT ON FUNCTION bemi.revert_literal(text, jsonb, text) IS 'Internal, for bemi.revert(): the value of an array, or with arrays in it, as SQL.';

-- SQL: the command that does the step p alone, as text.
CREATE FUNCTION bemi.revert_text(relation oid, action text, columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH value AS (
        SELECT c.*, replace(quote_ident(c.name), '%', '%%') AS quoted,
               format(CASE WHEN t.typtype = 'c' OR t.typcategory = 'A' THEN 'bemi.revert_literal((%s)::text, p.target->%L, %L)'
                           ELSE 'quote_nullable((%s)::text)' END,
                      bemi.revert_value('p.target', c.name, c.type, c.base, c.is_not_null), c.name, c.type) AS target,
               format('(%s)::text', bemi.revert_value('p.place', c.name, c.type, c.base, c.is_not_null)) AS place
        FROM bemi.revert_columns($1) c JOIN pg_type t ON t.oid = c.base
    ), part AS (
        SELECT string_agg(quoted || ' = %L', ' AND ' ORDER BY number) FILTER (WHERE key_number IS NOT NULL) AS condition,
               string_agg(quoted || ' = %s', ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS assignments,
               string_agg(quoted, ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS names,
               string_agg('%s', ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS literals,
               string_agg(place, ', ' ORDER BY number) FILTER (WHERE key_number IS NOT NULL) AS places,
               string_agg(target, ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS targets
        FROM value
    )
    SELECT CASE $2
        WHEN 'INSERT' THEN format('format(%L, %s)', format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s);',
            replace(bemi.revert_name($1), '%', '%%'), names, literals), targets)
        WHEN 'UPDATE' THEN format('format(%L, %s, %s)', format('UPDATE %s SET %s WHERE %s;',
            replace(bemi.revert_table($1), '%', '%%'), assignments, condition), targets, places)
        WHEN 'DELETE' THEN format('format(%L, %s)', format('DELETE FROM %s WHERE %s;',
            replace(bemi.revert_table($1), '%', '%%'), condition), places) END
    FROM part;
END;
COMMENT ON FUNCTION bemi.revert_text(oid, text, text[]) IS
    'Internal, for bemi.revert(): SQL for the text of the command that does the step p.';

CREATE FUNCTION bemi.revert_has_triggers(relation oid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM pg_trigger t
        WHERE (t.tgrelid = $1 OR t.tgrelid IN (SELECT relid FROM pg_partition_tree($1)))
          AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgfoid <> 'bemi.emit_context'::regproc)
        OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = $1);
END;
COMMENT ON FUNCTION bemi.revert_has_triggers(oid) IS
    'Internal, for bemi.revert(): whether the table has triggers of the user''s, or rules.';

-- SQL: the steps p, each with the row t that has its key now.
CREATE FUNCTION bemi.revert_outcome(relation oid, action text, columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('unnest($1) AS p LEFT JOIN LATERAL (SELECT t.tableoid, t.* FROM %s AS t WHERE %s OFFSET 0) AS t ON true', bemi.revert_table($1),
        bemi.revert_place($1, CASE WHEN $2 = 'DELETE' OR NOT coalesce(bool_or(c.name = ANY ($3)), false) THEN 'p.place' ELSE '(p.place || p.target)' END))
    FROM bemi.revert_columns($1) c WHERE c.key_number IS NOT NULL;
END;
COMMENT ON FUNCTION bemi.revert_outcome(oid, text, text[]) IS
    'Internal, for bemi.revert(): SQL for the steps p, each with the row that has its key when they are done.';

-- SQL: whether t is the row that the step p was to make. Triggers and rules of the user's, and actions of foreign keys, may have made
-- another row of it. The key of a row that is deleted may have been taken by a row that came back, which is one of the steps in $2. A
-- column that has had another type since has other JSON for its value.
CREATE FUNCTION bemi.revert_is_done(relation oid, action text, columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE $2 WHEN 'DELETE' THEN format('(t.tableoid IS NULL OR EXISTS (SELECT FROM unnest($2) q WHERE %s))', bemi.revert_place($1, '(q.place || q.target)'))
        ELSE 't.tableoid IS NOT NULL' || string_agg(format(' AND (coalesce(to_jsonb(t.%1$I), ''null'') = p.target->%1$L OR to_jsonb(t.%1$I) IS NOT DISTINCT FROM to_jsonb(%2$s))',
            c.name, bemi.revert_value('p.target', c.name, c.type, c.base, c.is_not_null)), '') END
    FROM bemi.revert_columns($1) c WHERE c.name = ANY ($3) OR $3 IS NULL;
END;
COMMENT ON FUNCTION bemi.revert_is_done(oid, text, text[]) IS
    'Internal, for bemi.revert(): SQL for the condition that the row t is as the step p was to make it.';

CREATE FUNCTION bemi.revert_arrivals(kinds bemi.revert_kind[], relation oid) RETURNS bemi.revert_step[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN bemi.revert_others($1, $2, '{INSERT,UPDATE}', array(SELECT c.name FROM bemi.revert_columns($2) c WHERE c.key_number IS NOT NULL));
COMMENT ON FUNCTION bemi.revert_arrivals(bemi.revert_kind[], oid) IS
    'Internal, for bemi.revert(): the steps that give a row of the table a key that it does not have.';

CREATE FUNCTION bemi.revert_failed(relation oid, key text) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = format('cannot take back the changes of row %s of table "%s"', key, bemi.revert_name(relation)),
        DETAIL = 'An action of a foreign key, such as CASCADE or SET NULL, has changed the row again.',
        HINT = 'Call bemi.revert() with conflicts => ''skip'' to see all such rows, as "not reverted", or select fewer changes.';
END
$$;
COMMENT ON FUNCTION bemi.revert_failed(oid, text) IS
    'Internal, for bemi.revert(): an error, because a row is not as it was to be made.';

-- SQL: how the step p went. What a trigger of the user's does is meant; what a foreign key does is not.
CREATE FUNCTION bemi.revert_status(relation oid, action text, columns text[], conflicts text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN format('CASE WHEN %s THEN ''reverted'' ELSE %s END', bemi.revert_is_done($1, $2, $3),
    CASE WHEN bemi.revert_has_triggers($1) THEN '''adjusted by trigger''' WHEN $4 IN ('skip', 'force') THEN '''not reverted'''
         ELSE format('bemi.revert_failed(%s, p.key)', $1) END);
COMMENT ON FUNCTION bemi.revert_status(oid, text, text[], text) IS
    'Internal, for bemi.revert(): SQL for the status of the step p, or an error if the step may not fail.';

CREATE FUNCTION bemi.revert_report(kinds bemi.revert_kind[], conflicts text, is_dry boolean)
    RETURNS TABLE (relation regclass, key text, action text, columns text[], status text, conflict jsonb, sql text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    kind bemi.revert_kind;
BEGIN
    FOREACH kind IN ARRAY kinds LOOP
        RETURN QUERY EXECUTE format('SELECT $3, p.key, $4, $5, %s, p.conflict, %s FROM %s',
            CASE WHEN kind.is_blocked THEN CASE WHEN is_dry THEN '''conflict''' ELSE '''skipped''' END
                 WHEN is_dry THEN '''planned''' ELSE bemi.revert_status(kind.relation, kind.action, kind.columns, conflicts) END,
            CASE WHEN is_dry AND NOT kind.is_blocked THEN bemi.revert_text(kind.relation, kind.action, kind.columns) ELSE 'NULL' END,
            CASE WHEN is_dry OR kind.is_blocked THEN 'unnest($1) AS p' ELSE bemi.revert_outcome(kind.relation, kind.action, kind.columns) END)
            USING kind.steps, CASE kind.action WHEN 'DELETE' THEN bemi.revert_arrivals(kinds, kind.relation) END,
                  kind.relation::regclass, kind.action, kind.columns;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.revert_report(bemi.revert_kind[], text, boolean) IS 'Internal, for bemi.revert(): what it returns.';

-- The actions of foreign keys come last, when rows have their old keys already: CASCADE then also takes hold of rows that refer to another
-- row which has got the key. What they have done to rows that are taken back is undone by a second statement.
CREATE FUNCTION bemi.revert_undone(kinds bemi.revert_kind[]) RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    kind bemi.revert_kind;
    undone bemi.revert_kind[];
    missing bemi.revert_step[];
    different bemi.revert_step[];
BEGIN
    FOREACH kind IN ARRAY kinds LOOP
        CONTINUE WHEN kind.is_blocked OR kind.action = 'DELETE' OR NOT EXISTS (
            SELECT FROM pg_constraint f JOIN bemi.revert_headings(kinds) k ON k.relation = f.confrelid AND NOT k.is_blocked AND k.action <> 'INSERT'
            WHERE f.conrelid = kind.relation AND f.contype = 'f'
              AND CASE k.action WHEN 'DELETE' THEN f.confdeltype ELSE f.confupdtype END IN ('c', 'n', 'd'));
        EXECUTE format(
            'SELECT array_agg(s.step) FILTER (WHERE NOT s.is_there AND $2), array_agg(s.step) FILTER (WHERE s.is_there)
             FROM %s CROSS JOIN LATERAL (SELECT t.tableoid IS NOT NULL AS is_there,
                 ROW(p.key, p.place || p.target, p.target, NULL, NULL)::bemi.revert_step AS step) AS s WHERE NOT (%s)',
            bemi.revert_outcome(kind.relation, kind.action, kind.columns),
            bemi.revert_is_done(kind.relation, kind.action, kind.columns)) INTO missing, different USING kind.steps, kind.action = 'INSERT';
        IF missing IS NOT NULL THEN
            undone := undone || ROW(kind.relation, 'INSERT', kind.columns, false, 0, missing)::bemi.revert_kind;
        END IF;
        IF different IS NOT NULL THEN
            undone := undone || ROW(kind.relation, 'UPDATE', kind.columns, false, 0, different)::bemi.revert_kind;
        END IF;
    END LOOP;
    RETURN bemi.revert_in_order(undone);
END
$$;
COMMENT ON FUNCTION bemi.revert_undone(bemi.revert_kind[]) IS
    'Internal, for bemi.revert(): the steps that are not done any more because of actions of foreign keys.';
