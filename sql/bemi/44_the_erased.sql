-- Which values bemi.erase() has made null: JSON null in bemi.changes may also be what a row had.

CREATE TABLE bemi.erased_values (
    id uuid NOT NULL,
    committed_at timestamptz NOT NULL,
    columns text[] NOT NULL,
    changed text[] NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (committed_at, id)
);
COMMENT ON TABLE bemi.erased_values IS 'The changes of which bemi.erase() has erased values.';
COMMENT ON COLUMN bemi.erased_values.id IS 'ID of the change.';
COMMENT ON COLUMN bemi.erased_values.committed_at IS 'When the transaction of the change was committed.';
COMMENT ON COLUMN bemi.erased_values.columns IS 'The columns, with the names of that time, of which a value was erased; none if only a part of the context was.';
COMMENT ON COLUMN bemi.erased_values.changed IS 'Those of them in which the value before the change was another one than that after it.';
COMMENT ON COLUMN bemi.erased_values.erased_at IS 'When values or a part of the context were erased last.';
SELECT pg_extension_config_dump('bemi.erased_values', '');

-- Looking back asks for this first, because there are few erasures or none.
CREATE FUNCTION bemi.has_erased_values() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM bemi.erased_values);
END
$$;
COMMENT ON FUNCTION bemi.has_erased_values() IS 'Internal: whether values of any change were erased.';

CREATE FUNCTION bemi.erased_in(id uuid, committed_at timestamptz, renamed jsonb, OUT columns text[], OUT changed text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(SELECT coalesce($3 ->> n, n) FROM unnest(e.columns) n), ARRAY(SELECT coalesce($3 ->> n, n) FROM unnest(e.changed) n)
    FROM bemi.erased_values e WHERE e.committed_at = $2 AND e.id = $1;
END;
COMMENT ON FUNCTION bemi.erased_in(uuid, timestamptz, jsonb) IS
    'Internal: the columns of a change of which values were erased, with their present names; and those of them that it has changed. null: none.';

-- What TRUNCATE has removed is made of other changes.
CREATE FUNCTION bemi.erased_of(relation oid, key text) RETURNS text[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT array_agg(DISTINCT n.name)
    FROM (SELECT DISTINCT s.schema, s."table" FROM bemi.shapes_of($1) s) AS s
    JOIN bemi.changes c ON c."table" = s."table" AND c.primary_key = $2 AND c.schema = s.schema
    JOIN bemi.erased_values e ON e.committed_at = c.committed_at AND e.id = c.id
    CROSS JOIN LATERAL unnest(e.columns) AS n (name);
END;
COMMENT ON FUNCTION bemi.erased_of(oid, text) IS
    'Internal: the columns of which values were erased in any change with this key, with the names of then; null: none.';
