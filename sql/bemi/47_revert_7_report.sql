-- Taking changes back, last part: what is returned for each step.

-- SQL: the command that does the step p alone, as text.
CREATE FUNCTION bemi.revert_text(relation oid, action text, columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH value AS (
        SELECT c.*, replace(quote_ident(c.name), '%', '%%') AS quoted,
               format('(%s)::text', bemi.revert_value('p.target', c.name, c.type, c.base, c.is_not_null)) AS target,
               format('(%s)::text', bemi.revert_value('p.place', c.name, c.type, c.base, c.is_not_null)) AS place
        FROM bemi.revert_columns($1) c
    ), part AS (
        SELECT string_agg(quoted || ' = %L', ' AND ' ORDER BY number) FILTER (WHERE key_number IS NOT NULL) AS condition,
               string_agg(quoted || ' = %L', ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS assignments,
               string_agg(quoted, ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS names,
               string_agg('%L', ', ' ORDER BY number) FILTER (WHERE name = ANY ($3)) AS literals,
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

-- SQL: whether the step p has made of its row what it was to make. A trigger or a rule of the user's may have made another row of it.
CREATE FUNCTION bemi.revert_is_done(relation oid, action text, columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('%s EXISTS (SELECT FROM %s AS t WHERE %s%s)', CASE $2 WHEN 'DELETE' THEN 'NOT' END, bemi.revert_table($1),
        bemi.revert_place($1, CASE $2 WHEN 'DELETE' THEN 'p.place' ELSE '(p.place || p.target)' END),
        string_agg(format(' AND coalesce(to_jsonb(t.%I), ''null'') = p.target->%L', c.name, c.name), ''))
    FROM bemi.revert_columns($1) c WHERE c.name = ANY ($3);
END;
COMMENT ON FUNCTION bemi.revert_is_done(oid, text, text[]) IS
    'Internal, for bemi.revert(): SQL for the condition that the row of the step p is as the step was to make it.';

-- SQL: how the step p went.
CREATE FUNCTION bemi.revert_status(relation oid, action text, columns text[], is_dry boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN $4 THEN '''planned''' WHEN NOT bemi.revert_has_triggers($1) THEN '''reverted'''
    ELSE format('CASE WHEN %s THEN ''reverted'' ELSE ''adjusted by trigger'' END', bemi.revert_is_done($1, $2, $3)) END;
COMMENT ON FUNCTION bemi.revert_status(oid, text, text[], boolean) IS 'Internal, for bemi.revert(): SQL for the status of the step p.';

CREATE FUNCTION bemi.revert_report(kinds bemi.revert_kind[], is_dry boolean)
    RETURNS TABLE (relation regclass, key text, action text, columns text[], status text, conflict jsonb, sql text)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    kind bemi.revert_kind;
BEGIN
    FOREACH kind IN ARRAY kinds LOOP
        RETURN QUERY EXECUTE format('SELECT $2, p.key, $3, $4, %s, p.conflict, %s FROM unnest($1) p',
            CASE WHEN NOT kind.is_blocked THEN bemi.revert_status(kind.relation, kind.action, kind.columns, is_dry)
                 WHEN is_dry THEN '''conflict''' ELSE '''skipped''' END,
            CASE WHEN is_dry AND NOT kind.is_blocked THEN bemi.revert_text(kind.relation, kind.action, kind.columns) ELSE 'NULL' END)
            USING kind.steps, kind.relation::regclass, kind.action, kind.columns;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.revert_report(bemi.revert_kind[], boolean) IS 'Internal, for bemi.revert(): what it returns.';

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
            SELECT FROM pg_constraint f JOIN unnest(kinds) k ON k.relation = f.confrelid AND NOT k.is_blocked AND k.action <> 'INSERT'
            WHERE f.conrelid = kind.relation AND f.contype = 'f'
              AND CASE k.action WHEN 'DELETE' THEN f.confdeltype ELSE f.confupdtype END IN ('c', 'n', 'd'));
        EXECUTE format(
            'SELECT array_agg(ROW(p.key, p.place || p.target, p.target, NULL, NULL)::bemi.revert_step) FILTER (WHERE NOT s.is_there AND $2),
                    array_agg(ROW(p.key, p.place || p.target, p.target, NULL, NULL)::bemi.revert_step) FILTER (WHERE s.is_there)
             FROM unnest($1) p CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM %s AS t WHERE %s) AS is_there) AS s WHERE NOT %s',
            bemi.revert_table(kind.relation), bemi.revert_place(kind.relation, '(p.place || p.target)'),
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
