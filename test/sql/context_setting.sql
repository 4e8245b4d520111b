-- The setting bemi.context: where it can be set, what it accepts, what it refuses and how.

SELECT current_user AS superuser \gset
SHOW bemi.context;
SELECT bemi.current_context();

-- SET and RESET
SET bemi.context = '{"user_id": 7, "endpoint": "/todo"}';
SHOW bemi.context;
SELECT bemi.current_context();
SET bemi.context TO DEFAULT;
SHOW bemi.context;
SET bemi.context = '{"a": 1}';
RESET bemi.context;
SHOW bemi.context;
SET bemi.context = '{"a": 1}';
RESET ALL;
SHOW bemi.context;
SET bemi.context = '{"a": 1}';
DISCARD ALL;
SHOW bemi.context;
SELECT set_config('bemi.context', '{"by": "set_config"}', false);
SELECT bemi.current_context();

-- SET LOCAL ends with the transaction, whichever way that ends
SET bemi.context = '{"outer": 1}';
BEGIN;
SET LOCAL bemi.context = '{"local": 1}';
SELECT bemi.current_context();
COMMIT;
SHOW bemi.context;
BEGIN;
SET LOCAL bemi.context = '{"local": 1}';
ROLLBACK;
SHOW bemi.context;
BEGIN;
SET bemi.context = '{"rolled": "back"}';
ROLLBACK;
SHOW bemi.context;
-- outside of a transaction it has no effect
SET LOCAL bemi.context = '{"local": 1}';
SHOW bemi.context;

-- a rollback to a savepoint restores the earlier one
BEGIN;
SET bemi.context = '{"level": 1}';
SAVEPOINT one;
SET bemi.context = '{"level": 2}';
SAVEPOINT two;
SET LOCAL bemi.context = '{"level": 3}';
ROLLBACK TO two;
SELECT bemi.current_context();
RELEASE two;
SELECT bemi.current_context();
ROLLBACK TO one;
SELECT bemi.current_context();
SAVEPOINT three;
RESET bemi.context;
SELECT bemi.current_context();
ROLLBACK TO three;
SELECT bemi.current_context();
COMMIT;
SHOW bemi.context;
DO $$
BEGIN
    BEGIN
        SET bemi.context = '{"in": "the block"}';
        RAISE EXCEPTION 'never mind';
    EXCEPTION WHEN raise_exception THEN
        RAISE NOTICE 'in the handler: %', bemi.current_context();
    END;
END
$$;

-- a function's own setting lasts as long as the function
CREATE FUNCTION own_context() RETURNS jsonb LANGUAGE sql SET bemi.context = '{"of": "the function"}'
    AS 'SELECT bemi.current_context()';
SELECT own_context(), bemi.current_context();
SELECT bemi.current_context();
DROP FUNCTION own_context();
CREATE FUNCTION bad_context() RETURNS jsonb LANGUAGE sql SET bemi.context = 'bad' AS 'SELECT NULL::jsonb';

-- none: the empty string and the empty object
SET bemi.context = '';
SELECT bemi.current_context();
SET bemi.context = '{}';
SHOW bemi.context;
SELECT bemi.current_context();
SET bemi.context = E' \n{\t} ';
SELECT bemi.current_context();

-- Refused: what is no JSON (22P02) and JSON that is no object (22023). The old value stays.
SET bemi.context = '{"old": 1}';
SET bemi.context = '{';
\echo :SQLSTATE
SET bemi.context = '{"a": }';
\echo :SQLSTATE
SET bemi.context = '{"a": 1} x';
\echo :SQLSTATE
SET bemi.context = '{"a": 1}{"b": 2}';
\echo :SQLSTATE
SET bemi.context = '{a: 1}';
\echo :SQLSTATE
SET bemi.context = '{''a'': 1}';
\echo :SQLSTATE
SET bemi.context = '{"a": 1,}';
\echo :SQLSTATE
SET bemi.context = '{"a": 01}';
\echo :SQLSTATE
SET bemi.context = '{"a": NaN}';
\echo :SQLSTATE
SET bemi.context = '{"a": 1 /* comment */}';
\echo :SQLSTATE
SET bemi.context = E'{"a": "\n"}';
\echo :SQLSTATE
SET bemi.context = '{"a": "\x41"}';
\echo :SQLSTATE
SET bemi.context = '{"a": "\u00g0"}';
\echo :SQLSTATE
SET bemi.context = '   ';
\echo :SQLSTATE
SET bemi.context = '[1]';
\echo :SQLSTATE
SET bemi.context = '  7';
\echo :SQLSTATE
SET bemi.context = '"text"';
\echo :SQLSTATE
SET bemi.context = 'null';
\echo :SQLSTATE
SET bemi.context = 'true';
\echo :SQLSTATE
-- what jsonb cannot hold
SET bemi.context = '{"a": "b\u0000c"}';
\echo :SQLSTATE
SET bemi.context = '{"\u0000": 1}';
\echo :SQLSTATE
SET bemi.context = '{"a": "\ud800"}';
\echo :SQLSTATE
SET bemi.context = '{"a": "\udc00"}';
\echo :SQLSTATE
SET bemi.context = '{"a": "\ud83d\u0041"}';
\echo :SQLSTATE
SET bemi.context = '{"a": 1e200000}';
\echo :SQLSTATE
SET bemi.context = '{"a": 1e-20000}';
\echo :SQLSTATE
SET bemi.context = '{"a": 1e99999999999999999999}';
\echo :SQLSTATE
-- by way of SET LOCAL, set_config() and a list
BEGIN;
SET LOCAL bemi.context = '[]';
ROLLBACK;
SELECT set_config('bemi.context', '[]', false);
SET bemi.context = '{"a": 1}', '{"b": 2}';
SHOW bemi.context;
-- in a function the error can be caught, and the old value stays there too
DO $$
BEGIN
    SET bemi.context = '{"new": 1}';
    BEGIN
        SET bemi.context = '{]';
    EXCEPTION WHEN invalid_text_representation THEN
        RAISE NOTICE 'context: %', bemi.current_context();
    END;
END
$$;
SHOW bemi.context;
SET bemi.context = '{"old": 1}';

-- Deep nesting: 512 levels are fine, more are a clean error
CREATE FUNCTION nested(depth int) RETURNS text LANGUAGE sql
    AS $$ SELECT '{"a":' || repeat('[', depth - 1) || repeat(']', depth - 1) || '}' $$;
SELECT length(set_config('bemi.context', nested(512), false));
SELECT length(set_config('bemi.context', nested(513), false));
\echo :SQLSTATE
SELECT length(set_config('bemi.context', nested(100000), false));
\echo :SQLSTATE
SELECT length(set_config('bemi.context', repeat('{"a":', 100000) || '1' || repeat('}', 100000), false));
\echo :SQLSTATE
SELECT length(set_config('bemi.context', repeat('{"a":[', 100000), false));
\echo :SQLSTATE
SELECT length(current_setting('bemi.context'));
DROP FUNCTION nested(int);

-- Size: 1 MB is what the default allows
SELECT length(set_config('bemi.context', '{"a":"' || repeat('x', 1024 * 1024 - 8) || '"}', false));
SELECT length(set_config('bemi.context', '{"a":"' || repeat('x', 1024 * 1024 - 7) || '"}', false));
\echo :SQLSTATE
SET bemi.context = '{"old": 1}';
-- in bytes, not in characters
SELECT length(set_config('bemi.context', '{"a":"' || repeat('é', 524284) || '"}', false));
SELECT length(set_config('bemi.context', '{"a":"' || repeat('é', 524285) || '"}', false));
\echo :SQLSTATE
-- the limit is one for the whole server
SET bemi.max_context_size = '2MB';
\echo :SQLSTATE
RESET ALL;

-- Nothing is rewritten: digits, order, spaces and duplicates stay as they were written
SET bemi.context = '{"b": 1.10, "a": 1e5, "big": 12345678901234567890123456789012345678901234567890.10, "neg": -0.0, "e": 1E+2}';
SHOW bemi.context;
SELECT bemi.current_context();
-- of duplicate keys the last wins
SET bemi.context = '{"a": 1, "a": 2, "\u0061": 3}';
SHOW bemi.context;
SELECT bemi.current_context();

-- Any text is fine in a value or a key
SET bemi.context = '{"quotes": "it''s \"quoted\" $$ $x$", "comment": "*/ DROP TABLE todo; /*", "slash": "\/", "nested /* */": "-- not one"}';
SELECT bemi.current_context();
SET bemi.context = '{"": "empty key", "emoji": "👩‍👩‍👧", "pair": "\ud83d\ude00", "latin": "é", "escaped": "\u00e9", "cjk": "日本語", "rtl": "שלום", "combining": "e\u0301", "bom": "\ufeff", "nonchar": "\uffff"}';
\pset format unaligned
SELECT bemi.current_context() - 'bom' - 'nonchar';
\pset format aligned
-- all of Unicode but NUL and the surrogates, as they are and as escapes
SELECT bemi.set_context(jsonb_build_object('all', string_agg(chr(i), '' ORDER BY i)))->>'all'
       = (SELECT string_agg(chr(i), '' ORDER BY i) FROM generate_series(1, 65535) i WHERE i NOT BETWEEN 55296 AND 57343) AS same
FROM generate_series(1, 65535) i WHERE i NOT BETWEEN 55296 AND 57343;
SELECT bemi.set_context(jsonb_build_object('all', string_agg(chr(i), '' ORDER BY i)))->>'all'
       = (SELECT string_agg(chr(i), '' ORDER BY i) FROM generate_series(65536, 1114111, 17) i) AS same
FROM generate_series(65536, 1114111, 17) i;
SELECT count(set_config('bemi.context', '{"x":"\u' || lpad(to_hex(i), 4, '0') || '"}', false))
FROM generate_series(1, 65535) i WHERE i NOT BETWEEN 55296 AND 57343;
SELECT count(set_config('bemi.context', '{"x":"\ud83d\u' || to_hex(i) || '"}', false))
FROM generate_series(56320, 57343) i;
RESET bemi.context;

-- Roles, databases and connections
CREATE ROLE regress_bemi_context LOGIN;
ALTER ROLE regress_bemi_context SET bemi.context = 'bad';
ALTER ROLE regress_bemi_context SET bemi.context = '{"from": "role"}';
ALTER DATABASE :"DBNAME" SET bemi.context = '{"from": "database"}';
\c -
SHOW bemi.context;
SELECT bemi.current_context();
\c - regress_bemi_context
SHOW bemi.context;
SET bemi.context = '{"from": "session"}';
SHOW bemi.context;
-- RESET and DISCARD go back to what the connection began with
RESET bemi.context;
SHOW bemi.context;
SET bemi.context = '{"from": "session"}';
DISCARD ALL;
SHOW bemi.context;
\c -reuse-previous=on '"options=\'-cbemi.context={""from"":""connection""}\'"'
SHOW bemi.context;
SELECT bemi.current_context();
-- the other settings are the superuser's
SET bemi.enabled = off;
\echo :SQLSTATE
SET bemi.capture = 'sql';
SET bemi.max_context_size = '64MB';
SET bemi.comment_affix = 'Mine';
\c - :superuser
ALTER DATABASE :"DBNAME" RESET bemi.context;
DROP ROLE regress_bemi_context;
