-- Databases that are not UTF-8: the message is, whatever the database's encoding, and a trigger never fails for a
-- character.
\t on
\pset format unaligned
SELECT current_database() AS home \gset
CREATE DATABASE regress_bemi_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
CREATE DATABASE regress_bemi_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';

\c regress_bemi_latin1
\t on
\pset format unaligned
CREATE EXTENSION bemi;
SET client_encoding = 'UTF8';
CREATE TABLE todo (id int);
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
SET bemi.context = '{"name": "Zoë"}';
SELECT bemi.current_context();
SELECT octet_length(current_setting('bemi.context'));
INSERT INTO todo VALUES (1);
INSERT INTO todo VALUES (2) /*Bemi {"name": "é", "escaped": "\u65e5\u672c"} Bemi*/;
INSERT INTO todo VALUES (3) /*Bemi {"\u00e9": 1} Bemi*/;
-- what sqlcommenter encodes is UTF-8 in every database
SET bemi.sqlcommenter = '*';
INSERT INTO todo VALUES (6) /*name='Zo%C3%AB',é='%E6%97%A5',bad='%E9',%C3%A9='é',bemi='{"json": "é%C3%A9%F0%9F%98%80"}'*/;
RESET bemi.sqlcommenter;
-- a character that the database cannot hold does not even come in
SET bemi.context = '{"name": "日本"}';
SET bemi.context = '{"name": "\u65e5\u672c"}';
INSERT INTO todo VALUES (4);
-- it cannot be shown as jsonb here, which is PostgreSQL's own limit
\set VERBOSITY sqlstate
SELECT bemi.current_context();
\set VERBOSITY default
\echo :SQLSTATE
SHOW bemi.context;
SELECT bemi.set_context('{"name": "Zoë"}');
SELECT bemi.merge_context('{"zo\u00eb": 1}');
SET bemi.capture = 'sql';
INSERT INTO todo VALUES (5) /* é */
;
RESET bemi.capture;
-- read as bytes: UTF-8
SELECT replace(encode(substring(data FROM position('{'::bytea IN data)), 'escape'), '\\', '\')
FROM pg_logical_slot_get_binary_changes('regress', NULL, NULL, 'include-xids', '0') WHERE position('_bemi'::bytea IN data) > 0;
SELECT FROM pg_drop_replication_slot('regress');

\c regress_bemi_ascii
\t on
\pset format unaligned
CREATE EXTENSION bemi;
SET client_encoding = 'SQL_ASCII';
CREATE TABLE todo (id int);
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
-- bytes that are no UTF-8 are no error, and no broken message either
SELECT FROM set_config('bemi.context', E'{"name": "\xe9 \xff"}', false);
INSERT INTO todo VALUES (1);
SELECT FROM set_config('bemi.context', '{"name": "é"}', false);
INSERT INTO todo VALUES (2);
RESET bemi.context;
SET bemi.sqlcommenter = '*';
INSERT INTO todo VALUES (3) /*name='é%C3%A9'*/;
RESET bemi.sqlcommenter;
SELECT encode(substring(data FROM position('{'::bytea IN data)), 'escape')
FROM pg_logical_slot_get_binary_changes('regress', NULL, NULL, 'include-xids', '0') WHERE position('_bemi'::bytea IN data) > 0;
SELECT FROM pg_drop_replication_slot('regress');

\c :home
DROP DATABASE regress_bemi_latin1;
DROP DATABASE regress_bemi_ascii;
