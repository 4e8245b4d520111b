-- How far the changes of single tables are deleted, because of bemi.track(..., retention).

CREATE TABLE bemi.expired_tables (
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    relation oid NOT NULL,
    expired_before timestamptz NOT NULL DEFAULT '-infinity',
    deleted_before timestamptz NOT NULL DEFAULT '-infinity',
    next_position bigint,
    next_sequence bigint,
    changes_deleted bigint NOT NULL DEFAULT 0,
    deleted_at timestamptz,
    PRIMARY KEY (system_identifier, database, relation)
);
COMMENT ON TABLE bemi.expired_tables IS 'How far the changes of tables with a retention of their own are deleted.';
COMMENT ON COLUMN bemi.expired_tables.system_identifier IS 'The server of the table, as in pg_control_system().';
COMMENT ON COLUMN bemi.expired_tables.database IS 'OID of the database.';
COMMENT ON COLUMN bemi.expired_tables.relation IS 'OID of the table, or of the partitioned table at the top.';
COMMENT ON COLUMN bemi.expired_tables.expired_before IS 'The history of the table begins here: changes that were committed before are deleted, or are being deleted.';
COMMENT ON COLUMN bemi.expired_tables.deleted_before IS 'Changes that were committed before are deleted.';
COMMENT ON COLUMN bemi.expired_tables.next_position IS 'While rows are carried forward: of changes up to this commit_position it is done.';
COMMENT ON COLUMN bemi.expired_tables.next_sequence IS 'And in that transaction up to this sequence.';
COMMENT ON COLUMN bemi.expired_tables.changes_deleted IS 'How many changes were deleted.';
COMMENT ON COLUMN bemi.expired_tables.deleted_at IS 'When changes were deleted last.';
SELECT pg_extension_config_dump('bemi.expired_tables', '');
