-- bemi.doctor() tells which part of the recent changes has no context, where contexts are used. The changes here are made up.
\pset format unaligned
\t on
CREATE TABLE bemi.changes_now PARTITION OF bemi.changes DEFAULT;
CREATE VIEW regress_contexts AS SELECT ok, severity, found, fix FROM bemi.doctor() WHERE "check" = 'contexts';
CREATE FUNCTION add(count int, context jsonb, age interval DEFAULT '1 min', "table" text DEFAULT 'todo', operation text DEFAULT 'UPDATE') RETURNS void
    LANGUAGE sql AS $$
    INSERT INTO bemi.changes
    SELECT gen_random_uuid(), 'app', 'public', $4, i, $5, '{}', '{}', $2, now() - $3, now(), now(), 1, 1, 1, i FROM generate_series(1, $1) i
$$;
-- no change, or no context at all: nothing is wrong
SELECT * FROM regress_contexts;
SELECT add(5, '{}');
SELECT * FROM regress_contexts;
-- facts are none
SELECT add(5, '{"pg": {"sql": "x", "user": "a"}, "SQL": "x"}');
SELECT * FROM regress_contexts;
-- contexts were used before, and now by nobody
SELECT add(1, '{"user_id": 7}', '61 min');
SELECT * FROM regress_contexts;
-- some: a claim beside facts is one, and so is the claim SQL
SELECT add(3, '{"user_id": 7}'), add(3, '{"user_id": 7, "pg": {"sql": "x"}, "SQL": "x"}'), add(4, '{"SQL": "x"}', "table" => 'item');
SELECT * FROM regress_contexts;
-- the tables that have the most, and how many more
SELECT add(i, '{}', "table" => 'Table ' || i) FROM generate_series(1, 7) i \g /dev/null
SELECT * FROM regress_contexts;
-- what no application has made
DELETE FROM bemi.changes WHERE bemi.lacks_context(context);
SELECT add(90, '{}', operation => 'BASELINE'), add(90, '{}', operation => 'ERASURE');
SELECT * FROM regress_contexts;
-- one of many, and nearly all
SELECT add(5000, '{"user_id": 7}'), add(1, '{}', '1 s');
SELECT * FROM regress_contexts;
DELETE FROM bemi.changes;
SELECT add(5000, '{}'), add(1, '{"user_id": 7}', '1 s');
SELECT * FROM regress_contexts;
-- not more than 10,000 are read
SELECT add(20000, '{"user_id": 7}', '2 min');
SELECT * FROM regress_contexts;
SELECT add(5000, '{"user_id": 7}', '2 s');
SELECT * FROM regress_contexts;
-- older than an hour
DELETE FROM bemi.changes;
SELECT add(5, '{}', '61 min'), add(5, '{"user_id": 7}');
SELECT * FROM regress_contexts;

DROP FUNCTION add(int, jsonb, interval, text, text);
DROP VIEW regress_contexts;
DROP TABLE bemi.changes_now;
