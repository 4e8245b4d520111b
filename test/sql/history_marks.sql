-- bemi.mark() and bemi.drop_mark(): moments with a name.
\pset format unaligned
\pset null NULL
\set SHOW_CONTEXT never

SELECT bemi.set_context('{"user_id": 7}', false);
SELECT pg_current_wal_insert_lsn() AS before \gset
SELECT m BETWEEN :'before'::pg_lsn - 1::numeric AND pg_current_wal_insert_lsn() AS now FROM bemi.mark('before deploy 42') AS m;
SELECT bemi.mark('with a comment') IS NOT NULL AS made /*Bemi {"job": "nightly"} Bemi*/;
SELECT bemi.clear_context(false);
SET bemi.capture = 'user';
SELECT bemi.mark('Größe "/*''; DROP TABLE bemi.marks; --') IS NOT NULL AS made;
RESET bemi.capture;
SELECT name, position > 0 AS has_position, at <= clock_timestamp() AND at >= now() - interval '1 min' AS has_time,
       context - 'pg' AS context, context->'pg'->>'user' = current_user AS is_caller FROM bemi.marks ORDER BY at;

-- errors
SELECT bemi.mark('before deploy 42');
SELECT bemi.mark(NULL);
SELECT bemi.mark('');
SELECT bemi.mark(E' \t\n');
SELECT bemi.mark(repeat('x', 1001));
SELECT bemi.drop_mark('never made');
SELECT bemi.drop_mark(NULL);
BEGIN READ ONLY;
SELECT bemi.mark('read only');
ROLLBACK;
DO $$
BEGIN
    PERFORM bemi.mark('before deploy 42');
EXCEPTION WHEN duplicate_object THEN
    RAISE NOTICE '%', SQLSTATE;
END
$$;

-- one that is rolled back was never there
BEGIN;
SELECT bemi.mark('undone') IS NOT NULL AS made;
ROLLBACK;
SELECT bemi.drop_mark('undone');

-- not for everybody, but for those who may: with the caller's name in the context, and without rights on the table
CREATE ROLE regress_bemi_deployer;
SET ROLE regress_bemi_deployer;
SELECT bemi.mark('not allowed');
SELECT bemi.drop_mark('before deploy 42');
RESET ROLE;
GRANT EXECUTE ON FUNCTION bemi.mark(text), bemi.drop_mark(text) TO regress_bemi_deployer;
SET bemi.capture = 'user';
SET ROLE regress_bemi_deployer;
SELECT bemi.mark('allowed') IS NOT NULL AS made;
SELECT bemi.drop_mark('with a comment');
SELECT FROM bemi.marks;
RESET ROLE;
RESET bemi.capture;
SELECT name, context FROM bemi.marks WHERE name IN ('allowed', 'with a comment');
REVOKE EXECUTE ON FUNCTION bemi.mark(text), bemi.drop_mark(text) FROM regress_bemi_deployer;
DROP ROLE regress_bemi_deployer;

SELECT bemi.drop_mark(name) FROM (SELECT name FROM bemi.marks ORDER BY name) AS m;
SELECT count(*) FROM bemi.marks;
