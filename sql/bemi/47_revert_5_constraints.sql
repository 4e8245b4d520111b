-- Taking changes back: unique values and foreign keys that are in the way. They are looked for beforehand, so that a conflict says which
-- row it is, and other rows can be taken back without it.

-- The steps of other kinds that make rows of a table as they are wanted, or that take values away.
CREATE FUNCTION bemi.revert_others(kinds bemi.revert_kind[], relation oid, actions text[], columns text[]) RETURNS bemi.revert_step[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(s::bemi.revert_step), '{}')
    FROM bemi.revert_headings($1) k CROSS JOIN LATERAL unnest(($1)[k.number].steps) s
    WHERE k.relation = $2 AND NOT k.is_blocked AND k.action = ANY ($3) AND (k.action <> 'UPDATE' OR k.columns && $4);
END;
COMMENT ON FUNCTION bemi.revert_others(bemi.revert_kind[], oid, text[], text[]) IS
    'Internal, for bemi.revert(): the steps that do one of the actions to a table; of updates, those of these columns.';

-- SQL: the condition that columns of the row t have the values that other columns have in an image.
CREATE FUNCTION bemi.revert_match(relation oid, columns text[], image text, image_relation oid, image_columns text[]) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(format('t.%I %s %s', m.name, bemi.revert_equality(c.base), bemi.revert_value($3, c.name, c.type, c.base, c.is_not_null)), ' AND ')
    FROM unnest($2, $5) AS m (name, image_name) JOIN bemi.revert_columns($4) c ON c.name = m.image_name;
END;
COMMENT ON FUNCTION bemi.revert_match(oid, text[], text, oid, text[]) IS
    'Internal, for bemi.revert(): SQL for the condition that columns of a row have values of an image.';

CREATE FUNCTION bemi.revert_same(left_image text, left_columns text[], right_image text, right_columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(format('%s->%L = %s->%L', $1, m.left_name, $3, m.right_name), ' AND ') FROM unnest($2, $4) AS m (left_name, right_name);
END;
COMMENT ON FUNCTION bemi.revert_same(text, text[], text, text[]) IS
    'Internal, for bemi.revert(): SQL for the condition that two images have the same values.';

CREATE FUNCTION bemi.revert_names_of(relation oid, numbers smallint[]) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT array_agg(a.attname::text ORDER BY n.position)
    FROM unnest($2) WITH ORDINALITY AS n (number, position) JOIN pg_attribute a ON a.attrelid = $1 AND a.attnum = n.number;
END;
COMMENT ON FUNCTION bemi.revert_names_of(oid, smallint[]) IS 'Internal, for bemi.revert(): the names of columns.';

-- What has to be looked at for a kind: SQL that returns the numbers of the steps of the kind, $1, that are in conflict. The steps that
-- change the other table, $2, are those with the actions, and their columns. Those in $3 give rows of this table their keys.
CREATE FUNCTION bemi.revert_constraints(kind bemi.revert_kind)
    RETURNS TABLE (conflict jsonb, sql text, other oid, actions text[], columns text[])
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- somebody else has the unique value, or one that excludes it, and keeps it
    SELECT jsonb_strip_nulls(jsonb_build_object('reason', CASE WHEN x.is_exclusion THEN 'excluded' ELSE 'unique value is taken' END,
                                                'column', x.first_column, 'constraint', x.name)),
           format('SELECT array_agg(DISTINCT p.n) FROM %s WHERE NOT EXISTS (SELECT FROM unnest($2) q WHERE %s)',
                  bemi.revert_holders($1, x.index), bemi.revert_place($1.relation, 'q.place')),
           $1.relation, '{UPDATE,DELETE}'::text[], x.columns
    FROM bemi.revert_indexes($1) x
    UNION ALL
    -- there is no row to refer to, nor will be
    SELECT jsonb_build_object('reason', 'parent is missing', 'column', f.columns[1], 'table', f.other::regclass::text),
           format('SELECT array_agg(p.n) FROM %s WITH ORDINALITY AS p (key, place, target, expected, conflict, n)
                   WHERE NOT %s AND NOT EXISTS (SELECT FROM %s AS t WHERE %s) AND NOT EXISTS (SELECT FROM unnest($2) q WHERE %s)',
                  bemi.revert_steps('$1'), (SELECT format('(%s)', string_agg(format('p.target->%L = ''null''', c), ' OR ')) FROM unnest(f.columns) c),
                  bemi.revert_table(f.other), bemi.revert_match(f.other, f.other_columns, 'p.target', $1.relation, f.columns),
                  bemi.revert_same('q.target', f.other_columns, 'p.target', f.columns)),
           f.other, '{INSERT,UPDATE}'::text[], f.other_columns
    FROM (SELECT o.confrelid AS other, bemi.revert_names_of(o.conrelid, o.conkey) AS columns,
                 bemi.revert_names_of(o.confrelid, o.confkey) AS other_columns
          FROM pg_constraint o WHERE o.contype = 'f' AND o.conrelid = $1.relation AND o.conparentid = 0) AS f
    WHERE $1.action <> 'DELETE' AND f.columns <@ $1.columns AND has_table_privilege(f.other, 'SELECT')
    UNION ALL
    -- a row refers to it, and stays
    SELECT jsonb_build_object('reason', 'referenced', 'table', f.other::regclass::text),
           format('SELECT array_agg(DISTINCT p.n) FROM %s WITH ORDINALITY AS p (key, place, target, expected, conflict, n)
                   JOIN %s AS t ON %s WHERE NOT EXISTS (SELECT FROM unnest($2) q WHERE %s)',
                  bemi.revert_steps('$1'), bemi.revert_table(f.other), bemi.revert_match(f.other, f.other_columns, 'p.expected', $1.relation, f.columns),
                  coalesce(bemi.revert_place(f.other, 'q.place'), 'false')),
           f.other, '{UPDATE,DELETE}'::text[], f.other_columns
    FROM (SELECT o.conrelid AS other, bemi.revert_names_of(o.confrelid, o.confkey) AS columns,
                 bemi.revert_names_of(o.conrelid, o.conkey) AS other_columns
          FROM pg_constraint o WHERE o.contype = 'f' AND o.confrelid = $1.relation AND o.conparentid = 0) AS f
    WHERE $1.action = 'DELETE' AND has_table_privilege(f.other, 'SELECT')
    UNION ALL
    -- an action of a foreign key would take hold of a row that stays, and that refers to the row which gets the key
    SELECT jsonb_build_object('reason', 'referenced', 'table', f.other::regclass::text),
           format('SELECT array_agg(DISTINCT p.n) FROM %s WITH ORDINALITY AS p (key, place, target, expected, conflict, n)
                   JOIN %s AS t ON %s WHERE EXISTS (SELECT FROM unnest($3) q WHERE %s) AND NOT EXISTS (SELECT FROM unnest($2) q WHERE %s)',
                  bemi.revert_steps('$1'), bemi.revert_table(f.other), bemi.revert_match(f.other, f.other_columns, '(p.place || p.expected)', $1.relation, f.columns),
                  bemi.revert_same('(q.place || q.target)', f.columns, '(p.place || p.expected)', f.columns),
                  coalesce(bemi.revert_place(f.other, 'q.place'), 'false')),
           f.other, '{UPDATE,DELETE}'::text[], f.other_columns
    FROM (SELECT o.conrelid AS other, bemi.revert_names_of(o.confrelid, o.confkey) AS columns,
                 bemi.revert_names_of(o.conrelid, o.conkey) AS other_columns
          FROM pg_constraint o WHERE o.contype = 'f' AND o.confrelid = $1.relation AND o.conparentid = 0 AND o.confupdtype IN ('c', 'n', 'd')) AS f
    WHERE $1.action = 'UPDATE' AND f.columns && $1.columns AND has_table_privilege(f.other, 'SELECT');
END;
COMMENT ON FUNCTION bemi.revert_constraints(bemi.revert_kind) IS
    'Internal, for bemi.revert(): SQL that finds the steps of a kind for which a constraint is in the way.';

CREATE FUNCTION bemi.revert_blocked(kind bemi.revert_kind, numbers bigint[], conflict jsonb) RETURNS bemi.revert_kind[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT array_agg(ROW($1.relation, $1.action, $1.columns, g.is_blocked, $1.rank, g.steps)::bemi.revert_kind)
    FROM (SELECT s.n = ANY ($2) AS is_blocked,
                 array_agg(ROW(s.key, s.place, s.target, s.expected, CASE WHEN s.n = ANY ($2) THEN $3 END)::bemi.revert_step ORDER BY s.n) AS steps
          FROM unnest($1.steps) WITH ORDINALITY AS s (key, place, target, expected, conflict, n)
          GROUP BY 1) AS g;
END;
COMMENT ON FUNCTION bemi.revert_blocked(bemi.revert_kind, bigint[], jsonb) IS
    'Internal, for bemi.revert(): the kind without the steps of these numbers, and those with the conflict.';

CREATE FUNCTION bemi.revert_told(steps bemi.revert_step[], numbers bigint[], conflict jsonb) RETURNS bemi.revert_step[]
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT array_agg(ROW(s.key, s.place, s.target, s.expected, CASE WHEN s.n = ANY ($2) THEN coalesce(s.conflict, $3) ELSE s.conflict END)::bemi.revert_step ORDER BY s.n)
    FROM unnest($1) WITH ORDINALITY AS s (key, place, target, expected, conflict, n);
END;
COMMENT ON FUNCTION bemi.revert_told(bemi.revert_step[], bigint[], jsonb) IS
    'Internal, for bemi.revert(): the steps, of which those with these numbers tell of the conflict but are done.';

-- What is blocked may block others: the children of a row that cannot come back. So it is done until nothing changes. What is forced is not
-- blocked by a constraint, but fails, unless an action of a foreign key takes the other rows along: then it tells of them.
CREATE FUNCTION bemi.revert_constrained(kinds bemi.revert_kind[], is_forced boolean) RETURNS bemi.revert_kind[]
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
    SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 SET work_mem = '64MB' SET jit = off AS $$
DECLARE
    look record;
    arrivals bemi.revert_step[];
    numbers bigint[];
    waiting integer[] := '{}';
    ranks integer[];
BEGIN
    FOR i IN 1 .. coalesce(cardinality(kinds), 0) LOOP
        CONTINUE WHEN kinds[i].is_blocked;
        FOR look IN SELECT * FROM bemi.revert_constraints(kinds[i]) LOOP
            arrivals := bemi.revert_others(kinds, kinds[i].relation, '{INSERT,UPDATE}', kinds[i].columns);
            EXECUTE look.sql INTO numbers USING kinds[i].steps, '{}'::bemi.revert_step[], arrivals;
            CONTINUE WHEN numbers IS NULL;
            waiting := CASE WHEN look.conflict ? 'constraint' THEN waiting || i ELSE waiting END;
            CONTINUE WHEN is_forced AND look.conflict->>'reason' <> 'referenced';
            EXECUTE look.sql INTO numbers USING kinds[i].steps, bemi.revert_others(kinds, look.other, look.actions, look.columns), arrivals;
            IF numbers IS NOT NULL AND is_forced THEN
                kinds[i].steps := bemi.revert_told(kinds[i].steps, numbers, look.conflict);
            ELSIF numbers IS NOT NULL THEN
                RETURN bemi.revert_constrained(kinds[:i - 1] || kinds[i + 1:] || bemi.revert_blocked(kinds[i], numbers, look.conflict), is_forced);
            END IF;
        END LOOP;
    END LOOP;
    IF waiting <> '{}' THEN
        -- Where keys are exchanged between kinds they have ranks already.
        IF NOT EXISTS (SELECT FROM bemi.revert_headings(kinds) k WHERE k.rank > 0) THEN
            ranks := bemi.revert_ranks(kinds, waiting);
        END IF;
        FOR i IN 1 .. cardinality(kinds) LOOP
            CONTINUE WHEN i <> ALL (waiting);
            kinds[i].rank := coalesce(ranks[i], greatest(kinds[i].rank, 1));
            kinds[i].steps := bemi.revert_sequence(kinds[i]);
        END LOOP;
    END IF;
    RETURN kinds;
END
$$;
COMMENT ON FUNCTION bemi.revert_constrained(bemi.revert_kind[], boolean) IS
    'Internal, for bemi.revert(): the kinds, in which steps are blocked if a constraint is in their way.';
