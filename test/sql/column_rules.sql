-- Rules for columns as users give and see them: ignore_columns, exclude_columns, redact_columns, skip_unchanged.
\t on
\pset format unaligned
\pset null NULL
CREATE ROLE regress_bemi_owner;
CREATE SCHEMA column_rules;
SET search_path = column_rules;
CREATE TABLE account (id int PRIMARY KEY, name text, password text, api_token text, reset_token text, updated_at timestamptz);
CREATE FUNCTION rules() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', relation, CASE WHEN by_schema THEN 'by schema' END, ignore_columns, exclude_columns, redact_columns,
                     skip_unchanged, problems)
    FROM bemi.tracked_tables JOIN pg_class c ON c.oid = relation
    WHERE relnamespace IN ('column_rules'::regnamespace, to_regnamespace('rules_app')) ORDER BY relation::text COLLATE "C"
$$;

-- they stand in the arguments of the trigger
SELECT bemi.track('account', ignore_columns => '{updated_at}', exclude_columns => '{password}', redact_columns => '{*_token}',
                  skip_unchanged => true);
SELECT * FROM rules();
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = '~bemi_truncate' AND tgrelid = 'account'::regclass;
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = '~bemi_row' AND tgrelid = 'account'::regclass;
-- what is not given stays
SELECT bemi.track('account');
SELECT bemi.track('account', level => 'statement');
SELECT * FROM rules();
-- what is given replaces its own list only
SELECT bemi.track('account', level => 'row', exclude_columns => '{name,password}');
SELECT * FROM rules();
-- an empty list takes it away
SELECT bemi.track('account', ignore_columns => '{}', redact_columns => '{}', skip_unchanged => false);
SELECT * FROM rules();
SELECT bemi.track('account', exclude_columns => '{}');
SELECT * FROM rules();
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = '~bemi_truncate' AND tgrelid = 'account'::regclass;
-- untracked, nothing of them is left
SELECT bemi.track('account', exclude_columns => '{password}');
SELECT bemi.untrack('account');
SELECT bemi.track('account');
SELECT * FROM rules();

--
-- Bad input
--

CREATE FUNCTION sqlstate_of(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE command;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n  ', SQLSTATE || ': ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
-- patterns that match nothing; those that match do not help them
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{password,passwort}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', ignore_columns => '{*_at_}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', redact_columns => '{Password}')$$);
-- system columns, and columns that are gone
ALTER TABLE account ADD gone int;
ALTER TABLE account DROP gone;
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{ctid}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{gone}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{*dropped*}')$$);
-- columns of the primary key
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{id}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', redact_columns => '{*}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', ignore_columns => '{i*}')$$);
CREATE TABLE compound (a int, b text, c text, PRIMARY KEY (b, a) INCLUDE (c));
SELECT sqlstate_of($$SELECT bemi.track('compound', redact_columns => '{b}')$$);
SELECT bemi.track('compound', redact_columns => '{c}');
CREATE TABLE deferrable_key (id int PRIMARY KEY DEFERRABLE, name text);
SELECT sqlstate_of($$SELECT bemi.track('deferrable_key', redact_columns => '{id}')$$);
-- arrays that are no lists of patterns
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{password,NULL}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{password,""}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{{password,name},{name,password}}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => 'password')$$);
-- of a table, a dot is a part of the column's name
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{account.password}')$$);
-- nothing of this has changed anything
SELECT * FROM rules();
-- somebody else's table
GRANT USAGE ON SCHEMA column_rules TO regress_bemi_owner;
SET ROLE regress_bemi_owner;
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{password}')$$);
SELECT sqlstate_of($$SELECT bemi.track('account', exclude_columns => '{passwort}')$$);
RESET ROLE;

--
-- Odd names, and many
--

CREATE TABLE odd ("a,b" text, "it's" text, "q""q" text, "s*s" text, "sxs" text, "e=e" text, "b\b" text, "n
n" text, "ä€" text, "{x}" text, " blank " text, "dot.dot" text);
SELECT bemi.track('odd', exclude_columns => ARRAY['a,b', 'it''s', 'q"q', 'e=e', 'b\b', E'n\nn', 'ä€', '{x}', ' blank ', 'dot.dot']);
SELECT exclude_columns, problems FROM bemi.tracked_tables WHERE relation = 'odd'::regclass;
SELECT string_agg(attname, '; ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'odd'::regclass AND attnum > 0 AND NOT EXISTS (
    SELECT FROM bemi.tracked_tables t, unnest(t.exclude_columns) p WHERE t.relation = attrelid AND bemi.matches_column(p, attname::text));
-- a star stands for any characters, itself included
SELECT bemi.track('odd', exclude_columns => '{s*s}');
SELECT bemi.matches_column('s*s', n) FROM unnest('{s*s,sxs,ss,xss}'::text[]) n;
SELECT bemi.matches_column(p, 'a_b%c\d') FROM unnest(ARRAY['a_b%c\d', 'axb%c\d', 'a_b*', '*\d', '*', '**', 'A*', '', 'a_b%c\d*']) p;
-- a thousand patterns, and columns
\set ECHO none
SELECT format('CREATE TABLE wide (id int PRIMARY KEY, %s)', string_agg(format('a_column_with_a_long_name_%s int', n), ', ')) FROM generate_series(1, 1000) n \gexec
\set ECHO all
SELECT bemi.track('wide', redact_columns => (SELECT array_agg('a_column_with_a_long_name_' || n) FROM generate_series(1, 1000) n));
SELECT cardinality(redact_columns), problems FROM bemi.tracked_tables WHERE relation = 'wide'::regclass;
SELECT sqlstate_of($$SELECT bemi.track('wide', redact_columns => (SELECT array_agg('id' || n) FROM generate_series(1, 10001) n))$$);
DROP TABLE wide;

--
-- What changes later
--

CREATE TABLE person (id int, name text NOT NULL, email text, note text);
SELECT bemi.track('person', exclude_columns => '{email}', redact_columns => '{note,na*}');
CREATE VIEW problems AS SELECT relation, problem, fix FROM bemi.table_problems JOIN pg_class c ON c.oid = relation
    WHERE relnamespace = 'column_rules'::regnamespace ORDER BY 1::text, 2;
SELECT * FROM problems;
-- a column has another name
ALTER TABLE person RENAME email TO mail;
SELECT * FROM problems;
ALTER TABLE person RENAME mail TO email;
SELECT * FROM problems;
-- or is gone
ALTER TABLE person DROP note;
SELECT * FROM problems;
SELECT bemi.track('person', redact_columns => '{na*}');
SELECT * FROM problems;
-- it becomes part of the primary key
ALTER TABLE person ADD PRIMARY KEY (id, name);
SELECT * FROM problems;
SELECT bemi.track('person', redact_columns => '{}');
SELECT * FROM problems;
SELECT bemi.track('person', ignore_columns => '{email}');
ALTER TABLE person DROP CONSTRAINT person_pkey;
ALTER TABLE person ADD PRIMARY KEY (email);
SELECT * FROM problems;
DROP TABLE person;
-- generated columns tell the values from which they are computed
CREATE TABLE generated (id int PRIMARY KEY, secret text, salt text, hash text GENERATED ALWAYS AS (md5(secret || salt)) STORED,
    size int GENERATED ALWAYS AS (length(secret)) STORED, other int GENERATED ALWAYS AS (id + 1) STORED);
SELECT bemi.track('generated', redact_columns => '{secret}', exclude_columns => '{salt}', ignore_columns => '{size}');
SELECT * FROM problems;
SELECT bemi.track('generated', redact_columns => '{secret,size}', exclude_columns => '{salt,hash}');
SELECT * FROM problems;
DROP TABLE generated;

--
-- Partitions and children
--

CREATE TABLE event (id int, secret text, at date) PARTITION BY RANGE (id);
CREATE TABLE event_1 (at date, id int NOT NULL, secret text);
ALTER TABLE event ATTACH PARTITION event_1 FOR VALUES FROM (0) TO (10);
CREATE TABLE parent (id int PRIMARY KEY, secret text);
CREATE TABLE child (own_secret text, PRIMARY KEY (id)) INHERITS (parent);
SELECT bemi.track('event', exclude_columns => '{secret}');
-- a pattern may be for columns of children only
SELECT bemi.track('parent', exclude_columns => '{own_*}');
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
SELECT * FROM rules() WHERE rules ~ '^(event|parent|child)';
SELECT sqlstate_of($$SELECT bemi.track('event_1', exclude_columns => '{secret}')$$);
ALTER TABLE event RENAME secret TO renamed;
SELECT * FROM problems;
DROP TABLE event, parent CASCADE;

--
-- Schemas
--

CREATE SCHEMA rules_app;
-- an empty one can have all patterns: tables may come
SELECT bemi.track_schema('rules_app', exclude_columns => '{password,account.secret,*.hidden,a.b.c}', redact_columns => '{acc*.*_token}');
SELECT ignore_columns, exclude_columns, redact_columns, skip_unchanged FROM bemi.tracked_schemas WHERE schema = 'rules_app';
CREATE TABLE rules_app.account (id int PRIMARY KEY, password text, secret text, hidden text, api_token text);
CREATE TABLE rules_app.other (id int PRIMARY KEY, password text, secret text, hidden text, api_token text);
CREATE TABLE rules_app.a ("b.c" text, secret text);
CREATE TABLE rules_app."a.b" (c text, d text);
SELECT * FROM rules() WHERE rules ~ '^rules_app\.';
-- a new table does not fail, even if a rule hides its primary key
CREATE SCHEMA rules_late;
SELECT bemi.track_schema('rules_late', redact_columns => '{email}');
CREATE TABLE rules_late.person (email text PRIMARY KEY);
SELECT relation, problems FROM bemi.tracked_tables WHERE relation = 'rules_late.person'::regclass;
SELECT bemi.untrack_schema('rules_late');
DROP TABLE rules_late.person;
DROP SCHEMA rules_late;
-- others are for the tables that are there
SELECT sqlstate_of($$SELECT bemi.track_schema('rules_app', exclude_columns => '{passwort}')$$);
SELECT sqlstate_of($$SELECT bemi.track_schema('rules_app', exclude_columns => '{other.passwort}')$$);
SELECT sqlstate_of($$SELECT bemi.track_schema('rules_app', exclude_columns => '{*.id}')$$);
SELECT sqlstate_of($$SELECT bemi.track_schema('rules_app', exclude_columns => '{.password}')$$);
SELECT sqlstate_of($$SELECT bemi.track_schema('rules_app', exclude_columns => '{account.}')$$);
-- the table's own win, and a later rule of the schema leaves them
SELECT bemi.track('rules_app.other', exclude_columns => '{secret}');
SELECT bemi.track_schema('rules_app', ignore_columns => '{api_token}');
SELECT * FROM rules() WHERE rules ~ '^rules_app\.';
-- a table that is untracked gets the rules of its schema again
SELECT bemi.untrack('rules_app.other');
SELECT bemi.track('rules_app.other');
SELECT * FROM rules() WHERE rules ~ '^rules_app.other';
-- by the procedure
CALL bemi.track_each('rules_app', exclude_columns => '{"b.c",account.secret}', redact_columns => '{}', skip_unchanged => true);
SELECT ignore_columns, exclude_columns, redact_columns, skip_unchanged FROM bemi.tracked_schemas WHERE schema = 'rules_app';
CALL bemi.track_each('rules_app', exclude_columns => '{account.secret,it''s}');
CALL bemi.track_each('rules_app', exclude_columns => '{account.secret}', redact_columns => '{}', skip_unchanged => true);
SELECT * FROM rules() WHERE rules ~ '^rules_app\.';
-- a pattern of the schema that matches nothing any more, and statements that may tell what is hidden
CREATE VIEW faults AS SELECT ok, severity, found, fix FROM bemi.doctor() WHERE "check" = 'column rules';
SELECT * FROM faults;
ALTER TABLE rules_app.account RENAME secret TO renamed;
SELECT * FROM faults;
ALTER TABLE rules_app.account RENAME renamed TO secret;
CREATE ROLE regress_bemi_captured;
ALTER ROLE regress_bemi_captured SET bemi.capture = 'user, sql';
SELECT * FROM faults;
ALTER ROLE regress_bemi_captured SET bemi.capture = 'user';
SELECT * FROM faults;
ALTER ROLE regress_bemi_captured IN DATABASE contrib_regression SET bemi.capture = 'SQL';
SELECT * FROM faults;
-- it is of no account where nothing is hidden
SELECT bemi.track(relation, exclude_columns => '{}', redact_columns => '{}') FROM bemi.tracked_tables WHERE exclude_columns || redact_columns <> '{}';
SELECT * FROM faults;
DROP ROLE regress_bemi_captured;
CALL bemi.track_each('rules_app', exclude_columns => '{account.secret}', redact_columns => '{}', skip_unchanged => true);
SELECT bemi.untrack('rules_app.account'), bemi.track('rules_app.account');
-- a table that takes the schema's rules by its present name keeps them when it is renamed
ALTER TABLE rules_app.account RENAME TO accounts;
SELECT * FROM rules() WHERE rules ~ '^rules_app.acc';
SELECT bemi.untrack_schema('rules_app');
DROP SCHEMA rules_app CASCADE;

-- arguments of triggers that were made by hand
DROP TRIGGER "~bemi_truncate" ON compound;
CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON compound EXECUTE FUNCTION bemi.emit_context('exclude=', 'exclude', 'redact=c', 'skip_unchanged=maybe', 'exclude=a', 'ignored=c');
SELECT * FROM rules() WHERE rules ~ '^compound';
\set VERBOSITY terse
DROP SCHEMA column_rules CASCADE;
DROP ROLE regress_bemi_owner;
