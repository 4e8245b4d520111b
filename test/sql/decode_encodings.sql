-- Databases that are not UTF-8: the output is ASCII, and so the same JSON in any encoding.
\pset format unaligned
SET client_min_messages = warning;
CREATE DATABASE bemi_latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE bemi_euc_jp TEMPLATE template0 ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C';
CREATE DATABASE bemi_sql_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C';
SELECT current_database() AS home \gset


\c bemi_latin1
SET client_encoding = 'UTF8';
SET synchronous_commit = on;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('bemi_encoding', 'bemi');
CREATE TABLE "tüble" ("cölumn" text PRIMARY KEY, j json, x "char", a text[]);
-- whose contexts are written by hand here, in place of such a trigger
CREATE TRIGGER _bemi_row_trigger_x BEFORE INSERT ON "tüble" FOR EACH ROW WHEN (false) EXECUTE FUNCTION suppress_redundant_updates_trigger();
BEGIN;
SELECT pg_logical_emit_message(true, '_bemi', '\x7b226e616d65223a22c3a9e282acf09f9880222c0a2262223a317d'::bytea) IS NOT NULL AS sent;
INSERT INTO "tüble" VALUES ('é "quoted" ÿ', E'{"é":\n"ü"}', 'x', array['ß', NULL, 'plain']);
INSERT INTO "tüble" VALUES (repeat('é', 3000));
INSERT INTO "tüble" VALUES (repeat('plain', 1000) || 'é');
COMMIT;
SELECT regexp_replace(regexp_replace(substr(data, strpos(data, '"table"'), strpos(data, ',"committed_at"') - strpos(data, '"table"')), '(\\u00e9){100,}', 'many \\u00e9', 'g'), '(plain){100,}', 'many plain', 'g') AS line
FROM pg_logical_slot_peek_changes('bemi_encoding', NULL, NULL);
-- what is written is the row
SELECT count(*), bool_and(after = to_jsonb(t)) AS same
FROM (SELECT substring(data FROM '"after":(.*),"context"')::jsonb AS after FROM pg_logical_slot_get_changes('bemi_encoding', NULL, NULL)) c
    JOIN "tüble" t ON after->>'cölumn' = t."cölumn";
SELECT pg_logical_emit_message(true, 'präfix', 'tëxt') IS NOT NULL AS sent;
SELECT pg_logical_emit_message(true, 'präfix', '\xff00'::bytea) IS NOT NULL AS sent;
SELECT substr(data, strpos(data, '"prefix"'), strpos(data, ',"context"') - strpos(data, '"prefix"')) AS line
FROM pg_logical_slot_get_changes('bemi_encoding', NULL, NULL, 'messages', 'präfix', 'include-tables', '*.tüble');
SELECT 'dropped' AS slot FROM pg_drop_replication_slot('bemi_encoding');

\c bemi_euc_jp
SET client_encoding = 'UTF8';
SET synchronous_commit = on;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('bemi_encoding', 'bemi');
CREATE TABLE "表" ("列" text PRIMARY KEY);
INSERT INTO "表" VALUES ('日本語 "text" ｱ 丂'), (repeat('あ', 3000) || 'x' || repeat('い', 3000));
-- valid in the encoding, but without an equivalent in UTF-8
INSERT INTO "表" SELECT convert_from('\x61a9fe62'::bytea, 'EUC_JP');
SELECT regexp_replace(substr(data, strpos(data, '"table"'), strpos(data, ',"context"') - strpos(data, '"table"')), '(\\u304[24]){100,}', 'many \1', 'g') AS line
FROM pg_logical_slot_peek_changes('bemi_encoding', NULL, NULL);
SELECT 'dropped' AS slot FROM pg_drop_replication_slot('bemi_encoding');

\c bemi_sql_ascii
SET synchronous_commit = on;
SELECT 'ready' AS slot FROM pg_create_logical_replication_slot('bemi_encoding', 'bemi');
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (1, E'UTF-8: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80');
INSERT INTO t VALUES (2, E'not UTF-8: \xe9 \xc3 \xe2\x82 \xed\xa0\x80 \xf8\x88\x80\x80\x80 \xff');
INSERT INTO t VALUES (3, E'\xe9');
SELECT substr(data, strpos(data, '"after"'), strpos(data, ',"context"') - strpos(data, '"after"')) AS line
FROM pg_logical_slot_get_changes('bemi_encoding', NULL, NULL);
SELECT 'dropped' AS slot FROM pg_drop_replication_slot('bemi_encoding');

\c :home
DROP DATABASE bemi_latin1;
DROP DATABASE bemi_euc_jp;
DROP DATABASE bemi_sql_ascii;
