-- standard_conforming_strings decides what is a literal and what a comment: by its value when the server read the string.
\t on
\pset format unaligned
CREATE TABLE note (body text, more text);
SELECT bemi.track('note');
SELECT FROM pg_create_logical_replication_slot('regress', 'test_decoding');
\i test/sql/include/captured.sql
CREATE FUNCTION add_note(body text, more text) RETURNS void LANGUAGE sql SET standard_conforming_strings = off
    AS 'INSERT INTO note VALUES (body, more)';
CREATE FUNCTION add_note_standard(body text, more text) RETURNS void LANGUAGE sql SET standard_conforming_strings = on
    AS 'INSERT INTO note VALUES (body, more)';
SET escape_string_warning = off;

-- read with it on, in which a backslash is data
SET standard_conforming_strings = on;
INSERT INTO note VALUES ('C:\', ' /*Bemi {"forged": 1} Bemi*/ ');
INSERT INTO note VALUES ('C:\', 'x') /*Bemi {"n": 1} Bemi*/; --'
SELECT add_note('C:\', ' /*Bemi {"forged": 1} Bemi*/ ');
SELECT add_note('C:\', 'x') /*Bemi {"n": 2} Bemi*/; --'
SET standard_conforming_strings = off\; INSERT INTO note VALUES ('C:\', ' /*Bemi {"forged": 1} Bemi*/ ')\; INSERT INTO note VALUES ('D:\', 'x') /*Bemi {"n": 3} Bemi*/\; SET standard_conforming_strings = on;
BEGIN\; SET LOCAL standard_conforming_strings = off\; INSERT INTO note VALUES ('C:\', ' /*Bemi {"forged": 1} Bemi*/ ')\; COMMIT\; INSERT INTO note VALUES ('D:\', 'x') /*Bemi {"n": 4} Bemi*/;
DO $do$ BEGIN SET LOCAL standard_conforming_strings = off; INSERT INTO note VALUES ('do', 'x'); END $do$ /*Bemi {"n": 5} Bemi*/\; SELECT 'C:\', ' /*Bemi {"other": 2} Bemi*/ ';
SELECT set_config('standard_conforming_strings', 'off', false)\; INSERT INTO note VALUES ('C:\', ' /*Bemi {"forged": 1} Bemi*/ ') \g /dev/null
SELECT * FROM captured();

-- and off, in which it escapes the quote
SHOW standard_conforming_strings;
INSERT INTO note VALUES ('it\'s', ' /*Bemi {"forged": 1} Bemi*/ ');
INSERT INTO note VALUES ('it\'s', 'x') /*Bemi {"n": 1} Bemi*/;
SELECT add_note_standard('it\'s', ' /*Bemi {"forged": 1} Bemi*/ ') /*Bemi {"n": 2} Bemi*/;
SET standard_conforming_strings = on\; INSERT INTO note VALUES ('it\'s', ' /*Bemi {"forged": 1} Bemi*/ ')\; INSERT INTO note VALUES ('it\'s', 'x') /*Bemi {"n": 3} Bemi*/;
SELECT * FROM captured();

-- a statement that was prepared before: EXECUTE's own string counts
SET standard_conforming_strings = on;
PREPARE p AS INSERT INTO note VALUES ('C:\', ' /*Bemi {"forged": 1} Bemi*/ ');
SET standard_conforming_strings = off;
EXECUTE p /*Bemi {"n": 4} Bemi*/;
DEALLOCATE p;
SELECT * FROM captured();
RESET standard_conforming_strings;

SELECT FROM pg_drop_replication_slot('regress');
DROP TABLE note;
DROP FUNCTION captured(), add_note(text, text), add_note_standard(text, text);
