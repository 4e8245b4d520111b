# What bemi.as_of() and bemi.versions() return, and to whom: altered tables, moved keys, versions, isolation levels, rights, a worker
# that is behind or not there, a standby.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', q{timezone = 'UTC'}, 'autovacuum = off');
$node->safe_psql('postgres', q{
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE item (id int PRIMARY KEY, a text, b int, c numeric, m mood, twice int GENERATED ALWAYS AS (b * 2) STORED);
    CREATE TABLE part (id int PRIMARY KEY, a text) PARTITION BY LIST (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1, 2);
    CREATE TABLE part_3 PARTITION OF part FOR VALUES IN (3, 4);
    CREATE TABLE other (id int PRIMARY KEY, a text);
    SELECT bemi.track(name) FROM unnest('{item, part, other}'::regclass[]) AS name;
    SELECT bemi.start();
});
$node->poll_query_until('postgres', 'SELECT bemi.sync() IS NOT NULL') or BAIL_OUT('the worker does not start');

sub now {
    return one_of($node, 'SELECT clock_timestamp()');
}

sub rows_of {
    my ($sql, @settings) = @_;
    return one_of($node, join '', @settings, $sql);
}

# An error with its SQLSTATE, and all that comes with it.
sub error_of {
    my ($sql, %options) = @_;
    my $server = $options{node} // $node;
    my ($status, $out, $errors) = $server->psql('postgres', "\\set VERBOSITY verbose\n$sql",
        connstr => $server->connstr('postgres') . ($options{role} ? " user=$options{role}" : ''));
    return $errors =~ s/^psql:<stdin>:\d+: //mgr;
}

$node->safe_psql('postgres', q{
    INSERT INTO item VALUES (1, 'one', 10, 1.50, 'sad'), (2, 'two', 20, 2, 'happy'), (3, 'three', 30, 3, NULL);
    INSERT INTO part VALUES (1, 'one'), (2, 'two'), (3, 'three');
    INSERT INTO other VALUES (1, 'of the other')});
my $then = now();
my $items = join "\n", '1|one|10|1.50|sad|20', '2|two|20|2|happy|40', '3|three|30|3||60';
$node->safe_psql('postgres', q{
    UPDATE item SET a = 'uno' WHERE id = 1 /*Bemi {"user_id": 1} Bemi*/;
    DELETE FROM item WHERE id = 2;
    INSERT INTO item VALUES (2, 'again', 0, 0, 'sad');
    UPDATE part SET id = 4 WHERE id = 2; -- into another partition
    UPDATE part SET a = 'tre' WHERE id = 3});
is(rows_of("SELECT * FROM bemi.as_of(NULL::item, '$then') ORDER BY id"), $items, 'rows that were changed, deleted and came again');
is(rows_of("SELECT * FROM bemi.as_of(NULL::part, '$then') ORDER BY id"), "1|one\n2|two\n3|three", 'a row that went to another partition');
is(rows_of("SELECT * FROM bemi.as_of(NULL::part_1, '$then') ORDER BY id"), "1|one\n2|two", 'the partition alone');
is(rows_of("SELECT * FROM bemi.as_of(NULL::part, '$then', keys => '{2,4,NULL}') ORDER BY id"), '2|two', 'by key: the old one, and not the new one');
is(rows_of("SELECT * FROM bemi.as_of(NULL::item, '$then', keys => '{}')"), '', 'no key at all');
is(rows_of("SELECT * FROM bemi.as_of(NULL::item, '$then', keys => '{77}')"), '', 'a key that never was');
like(error_of("SELECT * FROM bemi.as_of(NULL::item, '$then', keys => '{x}')"), qr/ERROR:  22P02/, 'one that cannot be');
is(rows_of("SELECT key, row_data FROM bemi.rows_as_of('item'::regclass, '$then', keys => '{2}')"),
    '2|{"a": "two", "b": 20, "c": 2, "m": "happy", "id": 2, "twice": 40}', 'as JSON');

# In time zones, and around a change of the clocks.
is(rows_of("SELECT count(*) FROM bemi.as_of(NULL::item, '$then'::timestamptz AT TIME ZONE 'Europe/Berlin')", q{SET timezone = 'Europe/Berlin';}), 3, 'in another time zone');
like(error_of(q{SET timezone = 'Europe/Berlin'; SELECT * FROM bemi.as_of(NULL::item, '2024-10-27 02:30')}),
    qr/22023: history of table "item" begins at/, 'an hour that comes twice');

# What the own transaction has done is not yet there; what others have done since its snapshot is not there either.
is(rows_of(qq{
    BEGIN;
    DELETE FROM item; INSERT INTO item VALUES (9, 'mine', 0, 0);
    SELECT count(*), string_agg(a, ' ' ORDER BY id) FROM bemi.as_of(NULL::item, clock_timestamp());
    ROLLBACK}), '3|uno again three', 'without what is not committed');
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
$session->query_safe('SELECT count(*) FROM item');
$node->safe_psql('postgres', q{UPDATE item SET a = 'later'; DELETE FROM part WHERE id = 3});
is($session->query_safe(qq{SELECT string_agg(a, ' ' ORDER BY id) FROM bemi.as_of(NULL::item, clock_timestamp())}), 'uno again three', 'an older snapshot');
is($session->query_safe(qq{SELECT string_agg(a, ' ' ORDER BY id) FROM bemi.as_of(NULL::item, '$then')}), 'one two three', 'and its past');
is($session->query_safe(qq{SELECT string_agg(a, ' ' ORDER BY id) FROM bemi.as_of(NULL::part, clock_timestamp())}), 'one tre two', 'of another table too');
$session->query_safe('COMMIT');
$session->quit;
is(rows_of(q{SELECT count(*) FROM bemi.as_of(NULL::item, now()) i JOIN bemi.as_of(NULL::part, now()) p USING (id)}), 1, 'a join');

# Altered tables.
$node->safe_psql('postgres', q{
    ALTER TABLE item RENAME a TO title;
    ALTER TABLE item DROP c;
    ALTER TABLE item ADD c text DEFAULT 'new';
    ALTER TABLE item RENAME TO thing;
    ALTER TABLE other RENAME TO item;
    UPDATE thing SET c = 'changed' WHERE id = 3;
    INSERT INTO item VALUES (2, 'a new name')});
is(rows_of("SELECT id, title, b, m, twice, c IS NULL FROM bemi.as_of(NULL::thing, '$then') ORDER BY id"),
    "1|one|10|sad|20|t\n2|two|20|happy|40|t\n3|three|30||60|t", 'columns renamed, dropped and added, and the table renamed');
is(rows_of("SELECT * FROM bemi.as_of(NULL::item, '$then') ORDER BY id"), '1|of the other', 'another table has its name now');
is(rows_of("SELECT count(*) FROM bemi.as_of(NULL::item, clock_timestamp())"), 2, 'and its own changes');
$node->safe_psql('postgres', q{ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'});
like(error_of("SELECT * FROM bemi.as_of(NULL::thing, '$then')"),
    qr/22P02: invalid input value for enum public\.mood: "sad".*CONTEXT:  change [0-9a-f-]{36}, column "m" of table "thing"/s, 'a label that is gone');
$node->safe_psql('postgres', q{ALTER TYPE mood RENAME VALUE 'blue' TO 'sad'});

# Versions.
is(rows_of("SELECT (version).title, operation, context, isempty(valid), change IS NULL FROM bemi.versions(NULL::thing, '$then', keys => '{1,2}')
    ORDER BY (version).id, lower(valid) NULLS FIRST, operation"),
    join("\n", 'one|||f|t', 'uno|UPDATE|{"user_id": 1}|f|f', 'later|UPDATE|{}|f|f', 'two|DELETE|{}|t|f', 'two|||f|t', 'again|CREATE|{}|f|f', 'later|UPDATE|{}|f|f'), 'versions');
# Rights.
$node->safe_psql('postgres', q{
    CREATE ROLE reader LOGIN; CREATE ROLE half LOGIN; CREATE ROLE nobody LOGIN;
    GRANT SELECT ON thing, bemi.changes TO reader;
    GRANT SELECT ON thing TO half;
    GRANT SELECT ON bemi.changes TO nobody});
my $count = "SELECT count(*) FROM bemi.as_of(NULL::thing, '$then')";
is(one_of($node, "SET ROLE reader; $count; SELECT count(*) FROM bemi.versions(NULL::thing, '$then')"), "3\n10", 'SELECT on the table and on bemi.changes suffices');
like(error_of("SET ROLE half; $count"), qr/42501: permission denied for table changes/, 'without that on bemi.changes');
like(error_of("SET ROLE nobody; $count"), qr/42501: permission denied for table thing/, 'without that on the table');
like(error_of("SET ROLE nobody; $count" =~ s/then'\)/then', keys => '{77}')/r), qr/42501: permission denied for table thing/, 'for no row either');
# Operators that a role puts in front of PostgreSQL's run neither with the rights of the owner, nor at all.
$node->safe_psql('postgres', q{
    CREATE SCHEMA front AUTHORIZATION reader;
    SET ROLE reader;
    CREATE TYPE front.int2 AS ENUM ();
    DO $$
    DECLARE o record;
    BEGIN
        FOR o IN SELECT oid, oprname, oprleft::regtype AS l, oprright::regtype AS r, oprresult::regtype AS result FROM pg_operator
            WHERE oprname IN ('=', '>=', '<', '->>', '->') AND oprleft IN ('text'::regtype, 'uuid'::regtype, 'name'::regtype, 'oid'::regtype,
                'timestamptz'::regtype, 'bigint'::regtype, 'pg_lsn'::regtype, 'jsonb'::regtype)
        LOOP
            EXECUTE format('CREATE FUNCTION front.spring_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN RAISE ''trapped %%'', current_user; END $f$',
                o.oid, o.l, o.r, o.result);
            EXECUTE format('CREATE OPERATOR front.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = front.spring_%s)', o.oprname, o.l, o.r, o.oid);
        END LOOP;
    END $$});
is(one_of($node, "SET ROLE reader; SET search_path = front, pg_catalog, public; $count; SELECT count(*) FROM bemi.versions(NULL::thing, '$then');
    SELECT count(*) FROM bemi.as_of(NULL::thing, '$then', keys => '{1}'); SELECT count(*) FROM bemi.rows_as_of('thing'::regclass, '$then')"),
    "3\n10\n1\n3", 'operators of the caller are not called');
$node->safe_psql('postgres', q{
    ALTER TABLE bemi.changes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY not_one ON bemi.changes TO reader USING (primary_key <> '1')});
is(one_of($node, "SET ROLE reader; SELECT string_agg(title, ' ' ORDER BY id) FROM bemi.as_of(NULL::thing, '$then')"), 'later two three', 'row level security of bemi.changes');
$node->safe_psql('postgres', q{DROP POLICY not_one ON bemi.changes; ALTER TABLE bemi.changes DISABLE ROW LEVEL SECURITY});

# Part of it runs as the owner of the extension: nothing of the caller's must.
$node->safe_psql('postgres', q{
    CREATE SCHEMA trap AUTHORIZATION reader;
    SET ROLE reader;
    CREATE FUNCTION trap.equals(text, text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'called by %', current_user;
    END $$;
    CREATE OPERATOR trap.= (FUNCTION = trap.equals, LEFTARG = text, RIGHTARG = text);
    CREATE FUNCTION trap.not_before(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'called by %', current_user;
    END $$;
    CREATE OPERATOR trap.>= (FUNCTION = trap.not_before, LEFTARG = timestamptz, RIGHTARG = timestamptz)});
is(one_of($node, "SET ROLE reader; SET search_path = trap, public, pg_catalog; $count; SELECT count(*) FROM bemi.versions(NULL::thing, '$then', keys => '{1}');"
    . "SELECT count(*) FROM bemi.as_of(NULL::thing, '$then', keys => '{1}')"), "3\n3\n1", 'operators of the caller are not used');

# What the own transaction has rewritten cannot be read as it was.
like(error_of("BEGIN; TRUNCATE thing; $count"), qr/ERROR:  55000: table "thing" has new files in this transaction/, 'a table that was truncated in this transaction');
like(error_of("BEGIN; ALTER TABLE part_1 ALTER a TYPE int USING 1; SELECT count(*) FROM bemi.as_of(NULL::part, '$then')" =~ s/part_1 ALTER a/part ALTER a/r),
    qr/ERROR:  55000: table "part_\d" has new files in this transaction/, 'or rewritten');
is(rows_of("BEGIN; CREATE TABLE part_9 PARTITION OF part FOR VALUES IN (9); SELECT count(*) FROM bemi.as_of(NULL::part, '$then')"), 3, 'a partition of this transaction');

# TRUNCATE.
$node->safe_psql('postgres', q{TRUNCATE item /*Bemi {"user_id": 7} Bemi*/});
like(error_of("SELECT * FROM bemi.as_of(NULL::item, '$then')"),
    qr/55000: table "item" was truncated since that moment.*DETAIL:  The rows that TRUNCATE removed at \d{4}.*"user_id": 7.*HINT:  .*baseline/s, 'rows that TRUNCATE has removed');
is(rows_of('SELECT count(*) FROM bemi.as_of(NULL::item, clock_timestamp())'), 0, 'afterwards there are none');

# On a standby, as far as it has got.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', q{UPDATE thing SET title = 'last' WHERE id = 1});
$node->wait_for_catchup($standby);
is(one_of($standby, $count), 3, 'on a standby');
is(one_of($standby, q{SELECT title FROM bemi.as_of(NULL::thing, clock_timestamp()) WHERE id = 1}), 'last', 'as it is now');
is(one_of($standby, qq{BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT string_agg(title, ' ' ORDER BY id) FROM bemi.as_of(NULL::thing, '$then')}), 'one two three', 'as it was');

# A worker that hangs, and none.
my $locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN');
$locker->query_safe('LOCK TABLE bemi.progress IN EXCLUSIVE MODE'); # which a standby does not get
$node->safe_psql('postgres', q{UPDATE thing SET b = 0});
like(error_of("SET bemi.sync_timeout = '300 ms'; $count"), qr/ERROR:  55P03: timeout while waiting for changes to be stored/, 'the worker hangs');
like(error_of("SET statement_timeout = '300 ms'; $count"), qr/ERROR:  57014/, 'waiting for it can be cancelled');
$node->wait_for_catchup($standby);
like(error_of("SET bemi.sync_timeout = '300 ms'; $count", node => $standby),
    qr/ERROR:  55P03: timeout while waiting for changes to be stored and replicated.*DETAIL:  This standby has got to/s, 'so the standby waits in vain');
$locker->query_safe('COMMIT');
$locker->quit;
is(rows_of($count), 3, 'it goes on');
is(one_of($standby, $count), 3, 'on the standby too');
$node->safe_psql('postgres', 'SELECT bemi.stop()');
$node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
like(error_of($count), qr/ERROR:  55000: no worker stores changes.*HINT:  Call bemi\.start\(\)/s, 'there is no worker');

done_testing();
