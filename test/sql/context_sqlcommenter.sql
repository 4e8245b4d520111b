-- Comments as sqlcommenter writes them: bemi.sqlcommenter lists the keys that count.
\t on
\pset format unaligned
CREATE TABLE todo (id int PRIMARY KEY, task text) WITH (autovacuum_enabled = off);
SELECT bemi.track('todo');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql

-- By default none counts
SHOW bemi.sqlcommenter;
INSERT INTO todo VALUES (1, 'off') /*controller='todos',bemi='%7B%22n%22%3A1%7D'*/;
SELECT * FROM captured();

-- What is known to write them: Prisma 7, OpenTelemetry's pg instrumentation, Google's sqlcommenter for Knex and Sequelize,
-- Rails behind and before, Django, and people
SET bemi.sqlcommenter = '*';
INSERT INTO todo VALUES (10, 'Prisma') /*route='%2Fapi%2Fposts%3Fx%3D1',user='user-123'*/;
INSERT INTO todo VALUES (11, 'Prisma') /*name='O\'Brien%20%F0%9F%98%80'*/;
INSERT INTO todo VALUES (12, 'OpenTelemetry') /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/;
INSERT INTO todo VALUES (13, 'Knex') /*db_driver='knex%3A0.20.8',route='%5E%2Ftodos%2F%7Bid%7D%24',traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01',tracestate='congo%3Dt61rcWkgMzE%2Crojo%3D00f067aa0ba902b7'*/;
INSERT INTO todo VALUES (14, 'Rails') /*action='index',application='App',controller='todos'*/;
/*action='index',application='App',controller='todos'*/ INSERT INTO todo VALUES (15, 'Rails, before');
INSERT INTO todo VALUES (16, 'Django') /*controller='index',framework='django%3A2.2.1',route='%5Epolls/%24'*/;
/* key='v', key2 = 'v2' */ INSERT INTO todo VALUES (17, 'by hand');
SELECT * FROM captured();

-- Only the listed keys, as they are once decoded; a key is listed as it is written, capitals too
SET bemi.sqlcommenter = 'route, userId, "a b"';
INSERT INTO todo VALUES (20, 'some') /*route='r',Route='no',userid='no',userId='7',a%20b='c',other='no'*/;
INSERT INTO todo VALUES (21, 'none') /*other='no'*/;
INSERT INTO todo VALUES (22, 'the last that counts') /*route='first',userId='7'*/ /*route='last'*/ /*other='no'*/;
SET bemi.sqlcommenter = route, traceparent;
INSERT INTO todo VALUES (23, 'a list') /*route='r',traceparent='t'*/;
SELECT * FROM captured();
SET bemi.sqlcommenter = 'a b';
SET bemi.sqlcommenter = 'a,,b';
SET bemi.sqlcommenter = '"';
SET bemi.sqlcommenter = '""';
SHOW bemi.sqlcommenter;
CREATE ROLE regress_bemi_user;
SET ROLE regress_bemi_user;
SET bemi.sqlcommenter = '*';
RESET ROLE;
DROP ROLE regress_bemi_user;

-- Over the session's context, below a comment with JSON; a statement's own over that of the whole string
SET bemi.sqlcommenter = '*';
SET bemi.context = '{"a": "session", "b": "session", "c": "session", "d": "session"}';
INSERT INTO todo VALUES (30, 'x') /*Bemi {"c": "json"} Bemi*/ /*b='tag',c='tag'*/;
/*b='whole',c='whole',d='whole'*/ /*Bemi {"d": "json"} Bemi*/ INSERT INTO todo VALUES (31, 'x') /*c='own',d='own'*/\; INSERT INTO todo VALUES (32, 'x');
RESET bemi.context;
INSERT INTO todo VALUES (33, 'x') /*a='33'*/\; INSERT INTO todo VALUES (34, 'x')\; /*a='34'*/ INSERT INTO todo VALUES (35, 'x')\; /*a='35'*/
INSERT INTO todo VALUES (36, 'the next message');
SELECT * FROM captured();

-- The tag bemi is a comment with JSON
INSERT INTO todo VALUES (40, 'x') /*a='tag',bemi='%7B%22a%22%3A%22json%22%2C%22n%22%3A1.10%7D'*/;
INSERT INTO todo VALUES (41, 'by hand') /*bemi='{"user_id": 7, "name": "O\'Brien", "glob": "\u002a"}'*/;
INSERT INTO todo VALUES (42, 'the last wins') /*Bemi {"n": 1, "first": true} Bemi*/ /*bemi='{"n": 2}'*/;
INSERT INTO todo VALUES (43, 'the last wins') /*bemi='{"n": 1, "first": true}'*/ /*Bemi {"n": 2} Bemi*/;
INSERT INTO todo VALUES (44, 'an empty one too') /*bemi='{"n": 1}',a='tag'*/ /*bemi='{}'*/;
SET client_min_messages = debug1;
SET log_statement = 'none';
INSERT INTO todo VALUES (45, 'no object') /*bemi='[1]',a='tag'*/;
INSERT INTO todo VALUES (46, 'no JSON') /*a='tag',bemi='{"n": %22'*/;
INSERT INTO todo VALUES (47, 'the good one') /*bemi='{"n": 1}',bemi='bad'*/;
INSERT INTO todo VALUES (48, 'not UTF-8') /*bemi='{"n": "%FF"}'*/;
RESET client_min_messages;
SET bemi.sqlcommenter = 'bemi';
INSERT INTO todo VALUES (49, 'alone') /*bemi='{"n": 1}',a='tag'*/;
-- a comment for which another word was chosen has nothing to do with it
SET bemi.comment_affix = '';
INSERT INTO todo VALUES (50, 'no affix') /*bemi='{"n": 1}'*/ /*Bemi {"n": 2} Bemi*/;
RESET bemi.comment_affix;
SET bemi.sqlcommenter = 'a';
INSERT INTO todo VALUES (51, 'not listed') /*bemi='{"n": 1}',a='tag'*/;
SELECT * FROM captured();

-- The key pg stays the server's; SQL is a claim like others
SET bemi.sqlcommenter = '*';
INSERT INTO todo VALUES (60, 'x') /*pg='forged',SQL='claimed',a='1'*/;
INSERT INTO todo VALUES (61, 'x') /*bemi='{"pg": {"user": "forged"}}',p%67='forged'*/;
-- the captured statement is without the comments that count
SET bemi.capture = 'sql';
INSERT INTO todo VALUES (62, 'x') /*a='1'*/ /* other */;
SET bemi.sqlcommenter = 'b';
INSERT INTO todo VALUES (63, 'x') /*a='1'*/ /*b='2',c='3'*/;
RESET bemi.capture;
SELECT * FROM captured();

-- Text that only looks like one is data, and so is what is no list of tags
SET bemi.sqlcommenter = '*';
INSERT INTO todo VALUES (70, '/*a=''forged''*/');
INSERT INTO todo VALUES (71, $$ /*a='forged'*/ $$);
INSERT INTO todo VALUES (72, 'x') -- /*a='forged'*/
;
INSERT INTO todo VALUES (73, 'x') /* /*a='forged'*/ */;
INSERT INTO todo VALUES (74, 'x') /*a='b' c='d'*/ /*a='b',*/ /*application:App*/ /* see a = 'b' */ /*a="b"*/ /*+ SeqScan(todo) */;
INSERT INTO todo VALUES (75, 'x') /*a='/* nested */'*/;
INSERT INTO todo VALUES (76, 'x') RETURNING id AS "/*a='forged'*/";
SET standard_conforming_strings = off;
SET escape_string_warning = off;
INSERT INTO todo VALUES (77, '\'/*a=\'forged\'*/');
RESET standard_conforming_strings;
INSERT INTO todo VALUES (78, '\') /*a='78'*/; --';
SELECT * FROM captured();

-- Odd values: empty, duplicate keys, what JSON escapes, a "%" that escapes nothing
INSERT INTO todo VALUES (80, 'x') /*a='',b='1',b='2',%61='3'*/;
INSERT INTO todo VALUES (81, 'x') /*a='%22%5C%0A%09%01',"b\='c\d"',ü='ö'*/;
INSERT INTO todo VALUES (82, 'x') /*a='100% %zz %4 %%41'*/;
INSERT INTO todo VALUES (83, 'x') /*a='*%2F; DROP TABLE todo; --'*/;
-- what is no text is left out, and does not hide the rest
SET client_min_messages = debug1;
INSERT INTO todo VALUES (84, 'x') /*a='%00',b='%FF',c='%ED%A0%80',d='%C3',%FE='e',f='good'*/;
INSERT INTO todo VALUES (85, 'x') /*a='good'*/ /*a='%00'*/;
RESET client_min_messages;
SELECT * FROM captured();

-- Too large: the comment, and what it would make of the session's context
\set ECHO none
SET client_min_messages = debug1;
SELECT 'INSERT INTO todo VALUES (90, ''as large as allowed'') /*a=''' || repeat('x', 1024 * 1024 - 8) || '''*/' \gexec
SELECT 'INSERT INTO todo VALUES (91, ''too large'') /*a=''' || repeat('x', 1024 * 1024) || '''*/' \gexec
SELECT 'INSERT INTO todo VALUES (92, ''too large as JSON'') /*a=''' || repeat('%01', 300000) || '''*/' \gexec
SET bemi.context = '{"session": 1}';
SELECT 'INSERT INTO todo VALUES (93, ''too large together'') /*a=''' || repeat('x', 1024 * 1024 - 8) || '''*/' \gexec
RESET bemi.context;
SELECT 'INSERT INTO todo VALUES (94, ''100,000 comments'') ' || repeat('/*a=''1''*/', 99999) || '/*a=''2''*/' \gexec
SELECT 'INSERT INTO todo VALUES (95, ''100,000 tags'') /*b=''1''' || repeat(',a=''1''', 100000) || '*/' \gexec
RESET client_min_messages;
\set ECHO all
SELECT left(captured, 60), length(captured) FROM captured();

-- Deferred triggers: the tags of the statement that queued them, and over them those of the COMMIT
CREATE TABLE audit (note text);
SELECT bemi.track('audit');
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (NEW.task); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER note_it AFTER UPDATE ON todo DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_it();
BEGIN;
UPDATE todo SET task = 'one' WHERE id = 1 /*a='update',b='update'*/;
COMMIT /*b='commit'*/;
BEGIN;
UPDATE todo SET task = 'two' WHERE id = 1 /*a='first',n='same'*/ /*Bemi {"json": "same"} Bemi*/;
UPDATE todo SET task = 'three' WHERE id = 1 /*a='second',n='same'*/ /*Bemi {"json": "same"} Bemi*/;
COMMIT;
SELECT * FROM captured();

SELECT FROM pg_drop_replication_slot('regress');
DROP FUNCTION captured(), note_it() CASCADE;
DROP TABLE audit, todo;
