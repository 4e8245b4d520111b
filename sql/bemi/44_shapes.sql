-- What bemi.changes does not say: when the changes of a table were complete, which columns it had, which rows changed their key,
-- and moments with a name. The worker writes the first three in the transaction that stores the changes.

CREATE TABLE bemi.tracking (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    relation oid NOT NULL,
    schema text NOT NULL,
    "table" text NOT NULL,
    from_position bigint NOT NULL,
    to_position bigint,
    from_time timestamptz NOT NULL,
    to_time timestamptz,
    reason text,
    PRIMARY KEY (system_identifier, database, relation, from_position)
);
COMMENT ON TABLE bemi.tracking IS
    'When the changes of each table, with its partitions, were complete. The history of a table is known from the begin of its last row on, but for bemi.gaps and bemi.errors.';
COMMENT ON COLUMN bemi.tracking.system_identifier IS 'The server of the table, as in pg_control_system().';
COMMENT ON COLUMN bemi.tracking.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.tracking.relation IS 'OID of the table on that server.';
COMMENT ON COLUMN bemi.tracking.schema IS 'Schema of the table when the row was written.';
COMMENT ON COLUMN bemi.tracking."table" IS 'Name of the table when the row was written.';
COMMENT ON COLUMN bemi.tracking.from_position IS
    'LSN, as a number: all changes that were committed after it are stored.';
COMMENT ON COLUMN bemi.tracking.to_position IS
    'LSN of a commit, as a number: changes in this transaction and later ones may be missing, or rows have changed in it without a change; null while they are complete.';
COMMENT ON COLUMN bemi.tracking.from_time IS 'When the changes began to be complete.';
COMMENT ON COLUMN bemi.tracking.to_time IS 'When that ended; null while they are complete.';
COMMENT ON COLUMN bemi.tracking.reason IS 'What ended it.';

CREATE TABLE bemi.shapes (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    relation oid NOT NULL,
    root oid NOT NULL,
    schema text NOT NULL,
    "table" text NOT NULL,
    columns jsonb NOT NULL,
    key text[],
    from_position bigint NOT NULL,
    from_sequence bigint NOT NULL,
    from_time timestamptz NOT NULL,
    PRIMARY KEY (system_identifier, database, relation, from_position, from_sequence)
);
CREATE INDEX ON bemi.shapes ("table", schema);
CREATE INDEX ON bemi.shapes (system_identifier, database, root);
COMMENT ON TABLE bemi.shapes IS 'The names, columns and keys that each tracked table has had, so that changes can be read after it was altered.';
COMMENT ON COLUMN bemi.shapes.system_identifier IS 'The server of the table, as in pg_control_system().';
COMMENT ON COLUMN bemi.shapes.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.shapes.relation IS 'OID of the table on that server.';
COMMENT ON COLUMN bemi.shapes.root IS 'OID of the partitioned table that it was a partition of, at the top; its own OID for other tables.';
COMMENT ON COLUMN bemi.shapes.schema IS 'Schema of the table.';
COMMENT ON COLUMN bemi.shapes."table" IS 'Name of the table.';
COMMENT ON COLUMN bemi.shapes.columns IS
    'Its columns, [{"number": 1, "name": "id", "type": "integer"}, ...]: number in pg_attribute, name, and type with its schema unless that is pg_catalog; and the rule for it, if there is one: exclude, redact or ignore. A column that was added may have "missing", the value that it got in the rows that were there, or "computed": true, if that is not known.';
COMMENT ON COLUMN bemi.shapes.key IS 'The columns of its primary key, in the order of the key; null if it has none.';
COMMENT ON COLUMN bemi.shapes.from_position IS
    'The LSN of the commit from which on it looked like this, as a number; with from_sequence.';
COMMENT ON COLUMN bemi.shapes.from_sequence IS
    'The number of the first change in that transaction for which this row holds.';
COMMENT ON COLUMN bemi.shapes.from_time IS 'When that transaction was committed.';

CREATE TABLE bemi.moved_keys (
    schema text NOT NULL,
    "table" text NOT NULL,
    old_key text NOT NULL,
    id uuid NOT NULL,
    committed_at timestamptz NOT NULL,
    PRIMARY KEY (committed_at, id)
);
CREATE INDEX ON bemi.moved_keys ("table", old_key);
COMMENT ON TABLE bemi.moved_keys IS 'The UPDATEs that changed a primary key, which bemi.changes has under the new key.';
COMMENT ON COLUMN bemi.moved_keys.schema IS 'Schema of the table.';
COMMENT ON COLUMN bemi.moved_keys."table" IS 'Name of the table.';
COMMENT ON COLUMN bemi.moved_keys.old_key IS 'The primary key before the change, as in bemi.changes.primary_key.';
COMMENT ON COLUMN bemi.moved_keys.id IS 'ID of the change.';
COMMENT ON COLUMN bemi.moved_keys.committed_at IS 'When the transaction of the change was committed.';

CREATE TABLE bemi.marks (
    name text PRIMARY KEY,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    context jsonb NOT NULL
);
COMMENT ON TABLE bemi.marks IS 'Moments with a name, which bemi.mark() has made.';
COMMENT ON COLUMN bemi.marks.name IS 'The name.';
COMMENT ON COLUMN bemi.marks.position IS 'The LSN, as a number: what was committed up to it is before the mark.';
COMMENT ON COLUMN bemi.marks.at IS 'When the mark was made.';
COMMENT ON COLUMN bemi.marks.context IS 'The context in which it was made.';

SELECT pg_extension_config_dump('bemi.tracking', '');
SELECT pg_extension_config_dump('bemi.shapes', '');
SELECT pg_extension_config_dump('bemi.moved_keys', '');
SELECT pg_extension_config_dump('bemi.marks', '');

CREATE FUNCTION bemi.server_and_database(OUT system_identifier bigint, OUT database oid)
    LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'bemi_server_and_database';
COMMENT ON FUNCTION bemi.server_and_database() IS 'Internal: what the rows of this server and database have in bemi.tracking and bemi.shapes.';

-- The changes of a table and of all that ever were its partitions: where "table" and schema are those of a row, and
-- (commit_position, sequence) is in [(from_position, from_sequence), (to_position, to_sequence)).
CREATE FUNCTION bemi.shapes_of(relation oid) RETURNS TABLE (
    relation oid, root oid, schema text, "table" text, columns jsonb, key text[],
    from_position bigint, from_sequence bigint, to_position bigint, to_sequence bigint, from_time timestamptz)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT s.relation, s.root, s.schema, s."table", s.columns, s.key, s.from_position, s.from_sequence,
           s.to_position, s.to_sequence, s.from_time
    FROM (
        SELECT t.*, lead(t.from_position) OVER shape AS to_position, lead(t.from_sequence) OVER shape AS to_sequence
        FROM bemi.server_and_database() AS here
        JOIN bemi.shapes t ON t.system_identifier = here.system_identifier AND t.database = here.database
        WHERE t.relation IN (
            SELECT $1 UNION
            SELECT r.relation FROM bemi.shapes r
            WHERE r.root = $1 AND r.system_identifier = here.system_identifier AND r.database = here.database)
        WINDOW shape AS (PARTITION BY t.relation ORDER BY t.from_position, t.from_sequence)
    ) s
    WHERE s.relation = $1 OR s.root = $1;
END;
COMMENT ON FUNCTION bemi.shapes_of(oid) IS
    'Internal: how a table and its partitions have looked on this server, and from when until when (to_position is null: until now).';

-- When a column is added, that says which value it has in the rows that are there. Later the catalog need not know it any more.
CREATE FUNCTION bemi.columns_with_first_values(columns jsonb, last_columns jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(CASE WHEN $2 IS NULL THEN c.c - '{missing,computed}'::text[]
                     WHEN l.c IS NOT NULL THEN c.c - '{missing,computed}'::text[] || (l.c - '{number,name,type,rule}'::text[])
                     ELSE c.c END ORDER BY c.n), '[]')
    FROM jsonb_array_elements($1) WITH ORDINALITY AS c (c, n)
    LEFT JOIN jsonb_array_elements($2) AS l (c) ON l.c -> 'number' = c.c -> 'number';
END;
COMMENT ON FUNCTION bemi.columns_with_first_values(jsonb, jsonb) IS
    'Internal: the columns of a shape. What they are in older rows stays only in those that last_columns does not have; others have it from there.';

CREATE FUNCTION bemi.numbers_of(columns jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_object_agg(c ->> 'name', c -> 'number') FROM jsonb_array_elements($1) AS c;
END;
COMMENT ON FUNCTION bemi.numbers_of(jsonb) IS 'Internal: the numbers of columns by their names.';

CREATE FUNCTION bemi.renumber(columns jsonb, last_columns jsonb, numbers jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_set(c, '{number}', coalesce($3 -> (
        SELECT l ->> 'name' FROM jsonb_array_elements($2) AS l WHERE l -> 'number' = c -> 'number'), 'null')))
    FROM jsonb_array_elements($1) AS c;
END;
COMMENT ON FUNCTION bemi.renumber(jsonb, jsonb, jsonb) IS
    'Internal: columns with the numbers that are given by their last names; a column that was dropped has null.';

-- A restored dump and a copy of a database have the history of the server that it comes from. A table there is the one here whose
-- first name here was the table's last name there, and so are its columns. Positions of that server do not compare with those here.
CREATE FUNCTION bemi.former_shapes_of(relation oid) RETURNS TABLE (
    relation oid, root oid, schema text, "table" text, columns jsonb, key text[],
    from_position bigint, from_sequence bigint, to_position bigint, to_sequence bigint, from_time timestamptz)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE first_shape AS (
        (SELECT s.schema, s."table", s.columns FROM bemi.server_and_database() AS here
         JOIN bemi.shapes s ON s.system_identifier = here.system_identifier AND s.database = here.database AND s.relation = $1
         ORDER BY s.from_position, s.from_sequence LIMIT 1)
        UNION ALL
        (SELECT n.nspname, c.relname, (
                    SELECT jsonb_agg(jsonb_build_object('number', a.attnum, 'name', a.attname)) FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1)
        LIMIT 1
    ),
    -- the table on each server: its first name there and the numbers that the columns of that time have here; and those of its last ones
    former AS (
        SELECT here.system_identifier, here.database, $1 AS relation, f.schema, f."table", bemi.numbers_of(f.columns) AS numbers,
               NULL::jsonb AS last_numbers, 0 AS generation
        FROM bemi.server_and_database() AS here, first_shape f
        UNION ALL
        SELECT l.system_identifier, l.database, l.relation, e.schema, e."table",
               bemi.numbers_of(bemi.renumber(e.columns, l.columns, f.numbers)), f.numbers, f.generation + 1
        FROM former f
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (s.system_identifier, s.database, s.relation) s.*
            FROM bemi.shapes s
            WHERE (s.system_identifier, s.database, s.relation) IN (
                SELECT n.system_identifier, n.database, n.relation FROM bemi.shapes n WHERE n."table" = f."table" AND n.schema = f.schema)
            ORDER BY s.system_identifier, s.database, s.relation, s.from_position DESC, s.from_sequence DESC
        ) AS l
        CROSS JOIN LATERAL (
            SELECT s.schema, s."table", s.columns FROM bemi.shapes s
            WHERE (s.system_identifier, s.database, s.relation) = (l.system_identifier, l.database, l.relation)
            ORDER BY s.from_position, s.from_sequence LIMIT 1
        ) AS e
        WHERE l."table" = f."table" AND l.schema = f.schema AND f.generation < 8
          AND (l.system_identifier, l.database) <> (f.system_identifier, f.database)
          AND (l.system_identifier, l.database) <> (SELECT here.system_identifier, here.database FROM bemi.server_and_database() AS here)
    )
    SELECT DISTINCT $1, $1, s.schema, s."table", bemi.renumber(s.columns, s.last_columns, f.last_numbers), s.key,
           s.from_position, s.from_sequence, s.to_position, s.to_sequence, s.from_time
    FROM former f
    CROSS JOIN LATERAL (
        SELECT t.*, lead(t.from_position) OVER shape AS to_position, lead(t.from_sequence) OVER shape AS to_sequence,
               last_value(t.columns) OVER (shape ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_columns
        FROM bemi.shapes t
        WHERE t.system_identifier = f.system_identifier AND t.database = f.database AND t.relation IN (
            SELECT f.relation UNION
            SELECT r.relation FROM bemi.shapes r
            WHERE r.root = f.relation AND r.system_identifier = f.system_identifier AND r.database = f.database)
        WINDOW shape AS (PARTITION BY t.relation ORDER BY t.from_position, t.from_sequence)
    ) AS s
    WHERE f.generation > 0 AND (s.relation = f.relation OR s.root = f.relation);
END;
COMMENT ON FUNCTION bemi.former_shapes_of(oid) IS
    'Internal: the same on the servers and databases from which this one has its history, with the numbers that the columns have here.';

-- A role that may read bemi.changes, or some of its rows, reads the others by functions that tell nothing to somebody who does not
-- know the key or the ID already.
CREATE FUNCTION bemi.moved_from(schema text, "table" text, old_key text) RETURNS TABLE (id uuid, committed_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT m.id, m.committed_at FROM bemi.moved_keys m WHERE m."table" = $2 AND m.old_key = $3 AND m.schema = $1;
END;
COMMENT ON FUNCTION bemi.moved_from(text, text, text) IS 'Internal: the changes that gave the row with this key another one.';

CREATE FUNCTION bemi.old_key_of(id uuid, committed_at timestamptz) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT m.old_key FROM bemi.moved_keys m WHERE m.committed_at = $2 AND m.id = $1;
END;
COMMENT ON FUNCTION bemi.old_key_of(uuid, timestamptz) IS
    'Internal: the primary key that this change has replaced; null if it has not changed the key.';


