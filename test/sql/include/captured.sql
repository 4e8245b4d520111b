\set ECHO none
-- What a logical replication client sees of the slot `regress`, without the numbers, the empty transactions, bemi's own
-- tables and what bemi's worker is told of tables.
CREATE FUNCTION captured() RETURNS SETOF text LANGUAGE sql SET standard_conforming_strings = on AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(data,
               '^message: transactional: 1 prefix: _bemi, sz: \d+ content:', '  context '),
               '^message: transactional: 1 prefix: _bemi_facts, sz: \d+ content:', '  facts '),
               '^table public\.', '  ')
    FROM (SELECT n, data, lead(data) OVER (ORDER BY n) AS next
          FROM pg_logical_slot_get_changes('regress', NULL, NULL, 'include-xids', '0') WITH ORDINALITY AS c (lsn, xid, data, n)
          WHERE data !~ '^(table bemi\.|message: .* prefix: _bemi_table,)') AS c
    WHERE data <> 'COMMIT' AND (data, next) IS DISTINCT FROM ('BEGIN', 'COMMIT')
    ORDER BY n
$$;
\set ECHO all
