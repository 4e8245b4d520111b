-- What is tracked is in the triggers of each table; here is only what speaks of tables to come.
-- By name: pg_upgrade keeps the OIDs of relations, not those of schemas.
CREATE TABLE bemi.tracked_schemas (
    schema name PRIMARY KEY,
    level text NOT NULL CHECK (level IN ('row', 'statement')),
    tracked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bemi.tracked_schemas IS 'Schemas whose tables are tracked, those to come too.';

SELECT pg_extension_config_dump('bemi.tracked_schemas', '');
