-- The triggers of a table say that it is tracked, and how. This table is about the tables that will be created.
-- Schemas are kept by name, because pg_upgrade does not keep their OIDs.
CREATE TABLE bemi.tracked_schemas (
    schema name PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('row', 'statement')),
    tracked_at timestamptz NOT NULL DEFAULT now(),
    require_context text NOT NULL DEFAULT 'off' CHECK (require_context IN ('off', 'warning', 'error')),
    ignore_columns text[] NOT NULL DEFAULT '{}',
    exclude_columns text[] NOT NULL DEFAULT '{}',
    redact_columns text[] NOT NULL DEFAULT '{}',
    skip_unchanged boolean NOT NULL DEFAULT false,
    retention interval NOT NULL DEFAULT '0' CHECK (retention >= '0'),
    CHECK (array_position(ignore_columns || exclude_columns || redact_columns, NULL) IS NULL),
    CHECK ('' <> ALL (ignore_columns || exclude_columns || redact_columns)),
    CHECK (cardinality(ignore_columns || exclude_columns || redact_columns) <= 30000)
);
COMMENT ON TABLE bemi.tracked_schemas IS
    'Schemas that are tracked: the tables that they have, and those that are created in them later.';
COMMENT ON COLUMN bemi.tracked_schemas.schema IS 'Name of the schema.';
COMMENT ON COLUMN bemi.tracked_schemas.level IS 'The level of the triggers, row or statement.';
COMMENT ON COLUMN bemi.tracked_schemas.tracked_at IS 'When the schema was tracked.';
COMMENT ON COLUMN bemi.tracked_schemas.require_context IS
    'What a write without a context gets: off, warning or error.';
COMMENT ON COLUMN bemi.tracked_schemas.ignore_columns IS
    'Patterns for columns, or for table.column: an UPDATE of nothing else is no change.';
COMMENT ON COLUMN bemi.tracked_schemas.exclude_columns IS
    'Patterns for columns, or for table.column, that changes leave out.';
COMMENT ON COLUMN bemi.tracked_schemas.redact_columns IS
    'Patterns for columns, or for table.column: changes only say whether there is a value, and whether it has changed.';
COMMENT ON COLUMN bemi.tracked_schemas.retention IS 'How long the changes of its tables are kept; 0: as bemi.retention says.';
COMMENT ON COLUMN bemi.tracked_schemas.skip_unchanged IS 'Whether an UPDATE that changes nothing is no change.';

SELECT pg_extension_config_dump('bemi.tracked_schemas', '');
