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
    reason text
);
CREATE INDEX ON bemi.tracking (relation, from_position);
COMMENT ON TABLE bemi.tracking IS 'When the changes of each table were complete. The history of a table can be trusted from the begin of the last row on.';
COMMENT ON COLUMN bemi.tracking.system_identifier IS 'The server of the table, as in pg_control_system().';
COMMENT ON COLUMN bemi.tracking.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.tracking.relation IS 'OID of the table on that server.';
COMMENT ON COLUMN bemi.tracking.schema IS 'Schema of the table when the row was written.';
COMMENT ON COLUMN bemi.tracking."table" IS 'Name of the table when the row was written.';
COMMENT ON COLUMN bemi.tracking.from_position IS
    'All changes that were committed at or after this LSN, as a number, are stored.';
COMMENT ON COLUMN bemi.tracking.to_position IS
    'Changes that were committed after this LSN, as a number, may be missing; null while they are complete.';
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
CREATE INDEX ON bemi.shapes (root);
COMMENT ON TABLE bemi.shapes IS 'The names, columns and keys that each tracked table has had, so that changes can be read after it was altered.';
COMMENT ON COLUMN bemi.shapes.system_identifier IS 'The server of the table, as in pg_control_system().';
COMMENT ON COLUMN bemi.shapes.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.shapes.relation IS 'OID of the table on that server.';
COMMENT ON COLUMN bemi.shapes.root IS 'OID of the partitioned table that it was a partition of, at the top; its own OID for other tables.';
COMMENT ON COLUMN bemi.shapes.schema IS 'Schema of the table.';
COMMENT ON COLUMN bemi.shapes."table" IS 'Name of the table.';
COMMENT ON COLUMN bemi.shapes.columns IS
    'Its columns, [{"number": 1, "name": "id", "type": "integer"}, …]: number in pg_attribute, name, and type with its schema unless that is pg_catalog.';
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
    committed_at timestamptz NOT NULL
);
CREATE INDEX ON bemi.moved_keys ("table", old_key);
CREATE INDEX ON bemi.moved_keys (committed_at, id);
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
        FROM bemi.shapes t
        WHERE t.relation IN (SELECT $1 UNION SELECT r.relation FROM bemi.shapes r WHERE r.root = $1)
        WINDOW shape AS (PARTITION BY t.system_identifier, t.database, t.relation ORDER BY t.from_position, t.from_sequence)
    ) s
    WHERE s.relation = $1 OR s.root = $1;
END;
COMMENT ON FUNCTION bemi.shapes_of(oid) IS
    'Internal: how a table and its partitions have looked, and from when until when (to_position is null: until now).';

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


