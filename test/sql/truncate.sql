-- TRUNCATE has its statement trigger at both levels.
\t on
\pset format unaligned
CREATE TABLE by_row (id int PRIMARY KEY);
CREATE TABLE by_statement (id int PRIMARY KEY REFERENCES by_row);
CREATE TABLE untracked (id int REFERENCES by_row);
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE event (id int) PARTITION BY RANGE (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
CREATE TABLE event_21 PARTITION OF event_2 FOR VALUES FROM (10) TO (20);
SELECT bemi.track('by_row'), bemi.track('by_statement', 'statement'), bemi.track('parent'), bemi.track('event', 'statement');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql

-- none
TRUNCATE parent;
SELECT * FROM captured();
-- one, several, with what refers to it, with what belongs to it
TRUNCATE by_statement /*Bemi {"n": 1} Bemi*/;
TRUNCATE by_row, by_statement, untracked, parent /*Bemi {"n": 2} Bemi*/;
TRUNCATE by_row CASCADE /*Bemi {"n": 3} Bemi*/;
TRUNCATE ONLY parent /*Bemi {"n": 4} Bemi*/;
TRUNCATE child /*Bemi {"n": 5} Bemi*/;
TRUNCATE event /*Bemi {"n": 6} Bemi*/;
TRUNCATE event_21 /*Bemi {"n": 7} Bemi*/;
TRUNCATE event, event_1, parent RESTART IDENTITY CASCADE /*Bemi {"n": 8} Bemi*/;
SELECT * FROM captured();
-- among other changes of a transaction; rolled back
BEGIN;
INSERT INTO by_row VALUES (1) /*Bemi {"n": 1} Bemi*/;
TRUNCATE parent /*Bemi {"n": 2} Bemi*/;
SAVEPOINT a;
TRUNCATE by_row CASCADE /*Bemi {"n": 3} Bemi*/;
ROLLBACK TO a;
TRUNCATE event /*Bemi {"n": 2} Bemi*/;
INSERT INTO by_row VALUES (2);
COMMIT;
-- on a replica
SET session_replication_role = replica;
TRUNCATE parent /*Bemi {"n": 4} Bemi*/;
RESET session_replication_role;
-- in a function
DO $$ BEGIN TRUNCATE by_statement; END $$ /*Bemi {"n": 5} Bemi*/;
SELECT * FROM captured();
-- the level changes, TRUNCATE's trigger stays
SELECT bemi.track('by_row', 'statement'), bemi.track('event', 'row');
TRUNCATE by_row, event CASCADE /*Bemi {"n": 6} Bemi*/;
SELECT * FROM captured();
SELECT bemi.untrack('event');
TRUNCATE event /*Bemi {"n": 7} Bemi*/;
SELECT * FROM captured();

SELECT FROM pg_drop_replication_slot('regress');
DROP FUNCTION captured();
DROP TABLE by_row, by_statement, untracked, parent, child, event;
