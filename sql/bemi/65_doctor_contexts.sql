-- Whether a change lacks a context: facts are none, and SQL is one of them where pg has the statement.
CREATE FUNCTION bemi.lacks_context(context jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
RETURN context = '{}' OR context - 'pg' - CASE WHEN context->'pg' ? 'sql' THEN 'SQL' ELSE 'pg' END = '{}';
COMMENT ON FUNCTION bemi.lacks_context(jsonb) IS 'Internal, for bemi.doctor(): whether the context of a change has nothing but server facts.';

-- It reads a limited number of changes, by the index on committed_at, however many there are. Those that applications have
-- not made never have a context. Where nobody uses contexts, nothing is wrong.
CREATE FUNCTION bemi.missing_contexts() RETURNS TABLE (topic text, found text, fix text)
    LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH recent AS MATERIALIZED (
        SELECT c.schema, c."table", c.operation, bemi.lacks_context(c.context) AS lacks
        FROM bemi.changes c
        WHERE c.committed_at > now() - interval '1 hour'
        ORDER BY c.committed_at DESC
        LIMIT 10000
    ),
    made AS (SELECT * FROM recent WHERE operation IN ('CREATE', 'UPDATE', 'DELETE', 'TRUNCATE')),
    total AS (SELECT count(*) AS changes, count(*) FILTER (WHERE lacks) AS lacking FROM made),
    tables AS (
        SELECT quote_ident(schema) || '.' || quote_ident("table") AS name,
               row_number() OVER (ORDER BY count(*) DESC, schema, "table") AS number
        FROM made
        WHERE lacks
        GROUP BY schema, "table"
    )
    SELECT 'contexts' AS topic,
           format('%s %% of %s have no context: tables %s',
                  CASE WHEN t.lacking * 100 < t.changes THEN 'less than 1' ELSE (t.lacking * 100 / t.changes)::text END,
                  CASE WHEN (SELECT count(*) FROM recent) < 10000 THEN 'the changes of the last hour'
                       ELSE 'the last 10000 changes' END,
                  (SELECT string_agg(name, ', ' ORDER BY number) FILTER (WHERE number <= 5)
                          || CASE WHEN count(*) > 5 THEN format(' and %s more', count(*) - 5) ELSE '' END
                   FROM tables)) AS found,
           '-- bemi.require_context = ''warning'' tells which statements; what a job writes can have that of its role: '
               || 'ALTER ROLE ... SET bemi.context' AS fix
    FROM total t
    WHERE t.lacking > 0
      AND (t.lacking < t.changes OR EXISTS (
              SELECT FROM (
                  SELECT c.context
                  FROM bemi.changes c
                  WHERE c.committed_at <= now() - interval '1 hour'
                  ORDER BY c.committed_at DESC
                  LIMIT 1000) AS earlier
              WHERE NOT bemi.lacks_context(earlier.context)));
END;
COMMENT ON FUNCTION bemi.missing_contexts() IS 'Internal, for bemi.doctor(): recent changes without a context, if others have one.';
REVOKE ALL ON FUNCTION bemi.missing_contexts() FROM PUBLIC;

CREATE FUNCTION bemi.context_faults() RETURNS TABLE (topic text, found text, fix text)
    LANGUAGE plpgsql STABLE SET lock_timeout = '20 ms' AS $$
BEGIN
    RETURN QUERY SELECT * FROM bemi.missing_contexts();
EXCEPTION WHEN insufficient_privilege OR lock_not_available THEN
    RETURN; -- other checks tell of these
END
$$;
COMMENT ON FUNCTION bemi.context_faults() IS 'Internal, for bemi.doctor(): bemi.missing_contexts(), if the changes can be read at once.';
REVOKE ALL ON FUNCTION bemi.context_faults() FROM PUBLIC;
