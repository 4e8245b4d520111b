# bemi.tracking: when the changes of each table, with its partitions, were complete.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main', 'log_min_messages = warning');

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

# Why each row of the table ended; an open row is "open".
sub rows_of {
    my ($table) = @_;
    run('SELECT bemi.sync()');
    return one_of($node, qq{SELECT string_agg(coalesce(reason, 'open'), ' | ' ORDER BY from_position) FROM bemi.tracking
        WHERE relation IN (SELECT relation FROM bemi.shapes WHERE "table" = '$table')});
}

# What a command does to a table: its last row, and how many there are more.
sub effect_of {
    my ($table, $sql) = @_;
    my $query = qq{SELECT count(*) FROM bemi.tracking WHERE relation IN (SELECT relation FROM bemi.shapes WHERE "table" = '$table')};
    run('SELECT bemi.sync()');
    my $before = one_of($node, $query);
    run($sql);
    my @rows = split / \| /, rows_of($table);
    return join ' | ', @rows[ ($before > 0 ? $before - 1 : 0) .. $#rows ];
}

run(q{
    CREATE TABLE before (id int PRIMARY KEY);
    INSERT INTO before VALUES (1);
    SELECT bemi.track('before');
});
my $started = run('SELECT bemi.start(); SELECT clock_timestamp()') =~ s/^\n//r;
is(rows_of('before'), 'open', 'a table that was tracked before start()');
is(one_of($node, qq{SELECT t.from_time < '$started', t.from_time = p.from_time, t.from_position = p.from_position - '0/0', t.from_position > 0
    FROM bemi.tracking t, bemi.progress p}), 't|t|t|t', 'is complete from the start of the slot, before start() returns');

run(q{CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t SELECT g, g FROM generate_series(1, 100) AS g});
is(effect_of('t', q{SELECT bemi.track('t')}), 'open', 'track()');
is(one_of($node, q{SELECT count(*) FROM bemi.tracking t WHERE "table" = 't' AND from_position < pg_current_wal_lsn() - '0/0'
    AND from_position > (SELECT from_position - '0/0' FROM bemi.progress)}), 1, 'begins at its commit');
for my $harmless ('SELECT bemi.track(\'t\', \'statement\')', 'SELECT bemi.track(\'t\', \'row\')', 'VACUUM FULL t', 'CLUSTER t USING t_pkey', 'REINDEX TABLE t',
    'ALTER TABLE t ADD b int DEFAULT 1, ADD c timestamptz DEFAULT clock_timestamp()', 'ALTER TABLE t RENAME b TO d', 'ALTER TABLE t DROP d',
    'ALTER TABLE t DISABLE TRIGGER ALL', 'ALTER TABLE t ENABLE TRIGGER ALL', 'ALTER TABLE t DISABLE TRIGGER "~bemi_row"', 'ALTER TABLE t ENABLE TRIGGER USER',
    'SELECT bemi.track(\'t\')', 'DROP TRIGGER "~bemi_row" ON t', 'SELECT bemi.track(\'t\')',
    'ALTER TABLE t ALTER a TYPE varchar', 'ALTER TABLE t ADD UNIQUE (a)', 'TRUNCATE t',
    'BEGIN; SELECT bemi.untrack(\'t\'); ROLLBACK', 'BEGIN; SAVEPOINT s; ALTER TABLE t ALTER a TYPE int USING a::int; ROLLBACK TO s; COMMIT',
    'BEGIN; SAVEPOINT s; DROP TABLE t; ROLLBACK TO s; INSERT INTO t VALUES (1, 1); COMMIT', 'ALTER TABLE t SET (fillfactor = 50)') {
    is(effect_of('t', $harmless), 'open', "$harmless is no break");
}
my $reason = 'ALTER TABLE has changed values without changes';
is(effect_of('t', 'ALTER TABLE t ALTER a TYPE int USING a::int'), "$reason | open", 'ALTER COLUMN TYPE that converts');
is(effect_of('t', 'ALTER TABLE t REPLICA IDENTITY DEFAULT'), 'the replica identity is not FULL', 'another replica identity');
is(effect_of('t', 'ALTER TABLE t REPLICA IDENTITY FULL'), 'the replica identity is not FULL | open', 'and back');
is(effect_of('t', 'ALTER TABLE t SET UNLOGGED'), 'the table is unlogged', 'SET UNLOGGED');
is(effect_of('t', 'ALTER TABLE t SET LOGGED'), 'the table is unlogged | open', 'SET LOGGED');
is(effect_of('t', 'ALTER TABLE t SET UNLOGGED; ALTER TABLE t SET LOGGED'), 'the table is unlogged | open', 'both');
is(effect_of('t', 'BEGIN; ALTER TABLE t SET UNLOGGED; ALTER TABLE t SET LOGGED; COMMIT'), 'the table is unlogged | open', 'in one transaction');
is(effect_of('t', 'DROP TRIGGER "~bemi_truncate" ON t'), 'the table is not tracked', 'DROP TRIGGER');
is(effect_of('t', q{SELECT bemi.track('t')}), 'the table is not tracked | open', 'track() again');
is(effect_of('t', 'ALTER TRIGGER "~bemi_truncate" ON t RENAME TO other'), 'the table is not tracked', 'ALTER TRIGGER');
is(effect_of('t', 'ALTER TRIGGER other ON t RENAME TO "~bemi_truncate"'), 'the table is not tracked | open', 'and back');
is(effect_of('t', 'DROP TRIGGER "~bemi_truncate" ON t; CREATE TRIGGER "~bemi_truncate" BEFORE TRUNCATE ON t EXECUTE FUNCTION bemi.emit_context()'),
    'the table is not tracked | open', 'CREATE TRIGGER, as a restored dump does it');
is(effect_of('t', q{BEGIN; SELECT bemi.untrack('t'); INSERT INTO t VALUES (2, 2); SELECT bemi.track('t'); COMMIT}), 'the table is not tracked | open',
    'untracked for a while, within a transaction');
is(effect_of('t', q{SELECT bemi.untrack('t')}), 'the table is not tracked', 'untrack()');
run(q{SELECT bemi.track('t')});
is(effect_of('t', 'DROP TABLE t'), 'the table was dropped', 'DROP TABLE');
is(one_of($node, q{SELECT count(*) FROM bemi.tracking a JOIN bemi.tracking b USING (relation)
    WHERE a.from_position < b.from_position AND (a.to_position IS NULL OR a.to_position > b.from_position OR a.to_time > b.from_time)}), 0, 'rows do not overlap');

if ($node->pg_version >= 17) {
    run(q{CREATE TABLE computed (id int, twice int GENERATED ALWAYS AS (id * 2) STORED); SELECT bemi.track('computed')});
    is(effect_of('computed', 'ALTER TABLE computed ALTER twice SET EXPRESSION AS (id * 3)'), "$reason | open", 'SET EXPRESSION');
}

run(q{
    CREATE SCHEMA app;
    SELECT bemi.track_schema('app');
    CREATE TABLE app.made (id int);
    CREATE TABLE app.filled AS SELECT 1 AS id;
});
is(rows_of('made'), 'open', 'a table made in a tracked schema');
is(rows_of('filled'), 'open', 'CREATE TABLE AS');
is(effect_of('made', 'DROP SCHEMA app CASCADE'), 'the table was dropped', 'DROP SCHEMA CASCADE');
run(q{CREATE TYPE typed AS (a int); CREATE TABLE of_type OF typed; SELECT bemi.track('of_type')});
is(effect_of('of_type', 'DROP TYPE typed CASCADE'), 'the table was dropped', 'DROP TYPE CASCADE');

run(q{
    CREATE TABLE p (k int, v text) PARTITION BY RANGE (k);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
    SELECT bemi.track('p');
    CREATE TABLE empty (k int, v text);
    CREATE TABLE full_ (k int, v text);
    INSERT INTO full_ VALUES (20);
});
is(rows_of('p'), 'open', 'a partitioned table');
is(effect_of('p', 'CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)'), 'open', 'a new partition');
is(effect_of('p', 'ALTER TABLE p ATTACH PARTITION empty FOR VALUES FROM (30) TO (40)'), 'open', 'an empty partition is attached');
is(effect_of('p', 'ALTER TABLE p DETACH PARTITION empty'), 'open', 'and detached');
is(effect_of('p', 'ALTER TABLE p ATTACH PARTITION full_ FOR VALUES FROM (20) TO (30)'), 'partition "public.full_" was attached with its rows | open', 'one with rows is attached');
is(effect_of('p', 'ALTER TABLE p DETACH PARTITION full_ CONCURRENTLY'), 'partition "public.full_" was detached with its rows | open', 'and detached');
is(effect_of('p', 'ALTER TABLE p1 REPLICA IDENTITY DEFAULT'), 'partition "public.p1": the replica identity is not FULL', 'a partition is not complete');
is(effect_of('p', 'ALTER TABLE p2 REPLICA IDENTITY DEFAULT'), 'partition "public.p1": the replica identity is not FULL', 'two are not');
is(effect_of('p', 'ALTER TABLE p1 REPLICA IDENTITY FULL'), 'partition "public.p1": the replica identity is not FULL', 'one is again');
is(effect_of('p', 'ALTER TABLE p2 REPLICA IDENTITY FULL'), 'partition "public.p1": the replica identity is not FULL | open', 'all are again');
is(effect_of('p', 'ALTER TABLE p ALTER v TYPE int USING v::int'), qq{partition "public.p1": $reason | open}, 'ALTER TYPE reaches the partitions');
is(effect_of('p', 'CREATE UNLOGGED TABLE p3 PARTITION OF p FOR VALUES FROM (40) TO (50)'), 'partition "public.p3": the table is not tracked', 'an unlogged partition is not tracked');
is(effect_of('p', q{ALTER TABLE p3 SET LOGGED; SELECT bemi.track('p')}), 'partition "public.p3": the table is not tracked | open', 'and then it is');
is(effect_of('p', q{
    CREATE TABLE sub (k int, v int) PARTITION BY RANGE (k);
    CREATE TABLE sub1 PARTITION OF sub FOR VALUES FROM (50) TO (60);
    INSERT INTO sub VALUES (50);
    ALTER TABLE p ATTACH PARTITION sub FOR VALUES FROM (50) TO (60)}), 'partition "public.sub1" was attached with its rows | open', 'a partition of a partition comes');
is(effect_of('p', 'ALTER TABLE p DETACH PARTITION sub'), 'partition "public.sub1" was detached with its rows | open', 'and goes');
is(effect_of('p', 'DROP TABLE p2'), 'partition "public.p2" was dropped | open', 'a partition is dropped');
is(effect_of('p', q{SELECT bemi.untrack('p')}), 'the table is not tracked', 'untrack()');
is(effect_of('p', q{SELECT bemi.track('p'); DROP TABLE p}), 'the table is not tracked | the table was dropped', 'and the table itself');

# What somebody else writes.
run(q{SELECT pg_create_logical_replication_slot('client', 'bemi'), pg_create_logical_replication_slot('raw', 'test_decoding')});
is(effect_of('before', q{
    SELECT pg_logical_emit_message(true, '_bemi_table', '"before"'::regclass::oid || ' rewritten'),
           pg_logical_emit_message(false, '_bemi_table', '"before"'::regclass::oid || ' rewritten')}), 'open', 'nobody can write such a message');
is(effect_of('before', 'ALTER TABLE before ALTER id TYPE bigint'), "$reason | open", '(this is what it would do)');
is(one_of($node, q{SELECT count(*) FILTER (WHERE data LIKE '%_bemi_table%rewritten%') FROM pg_logical_slot_get_changes('raw', NULL, NULL)}), 3, 'the messages are in the WAL');
for my $options (q{'messages', '*'}, q{'format', 'wal2json', 'format-version', '2', 'include-transaction', 'off'}) {
    is(one_of($node, "SELECT count(*) FROM pg_logical_slot_peek_changes('client', NULL, NULL, $options) WHERE data LIKE '%_bemi_table%'"), 0,
        "but no client of bemi sees one: $options");
}
run(q{SELECT pg_drop_replication_slot('client'), pg_drop_replication_slot('raw')});

run(q{CREATE ROLE ordinary; GRANT CREATE ON SCHEMA public TO ordinary; CREATE ROLE forger REPLICATION});
for my $table (qw(tracking shapes moved_keys)) {
    my (undef, undef, $error) = $node->psql('postgres', "SET ROLE ordinary; DELETE FROM bemi.$table");
    like($error, qr/permission denied for table $table/, "an ordinary role cannot write bemi.$table");
}
is(effect_of('owned', q{SET ROLE ordinary; CREATE TABLE owned (id int); SELECT bemi.track('owned')}), 'open', 'an ordinary role tracks a table of its own');
like(run(q{SET ROLE ordinary; SELECT count(*) FROM bemi.tracking}), qr/^[1-9]/, 'and reads what is tracked');

# Gaps, and the end of storing.
run('SELECT bemi.stop(drop_slot => true)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM bemi.tracking WHERE to_position IS NULL}), 'stop(drop_slot => true) ends the rows of all tables');
is(one_of($node, q{SELECT reason FROM bemi.tracking WHERE "table" = 'owned'}), 'bemi.stop(drop_slot => true) was called', 'with the reason');
run(q{INSERT INTO before VALUES (7); CREATE TABLE late (id int); SELECT bemi.track('late'); SELECT bemi.untrack('owned'); SELECT bemi.start()});
is(rows_of('before') =~ s/.* \| (.* \| .*)/$1/r, 'bemi.stop(drop_slot => true) was called | open', 'and the next start() begins new ones');
is(one_of($node, q{SELECT count(*) FROM bemi.tracking t, bemi.progress p WHERE t.from_position = p.from_position - '0/0' AND to_position IS NULL AND "table" IN ('before', 'late')}), 2,
    'from the new slot on');
is(rows_of('owned'), 'bemi.stop(drop_slot => true) was called', 'but not of what is not tracked any more');

# The event triggers are off for a while: the worker finds out when it starts.
$node->safe_psql('postgres', q{
    ALTER EVENT TRIGGER bemi_ddl_command_end DISABLE;
    DROP TRIGGER "~bemi_truncate" ON late;
    ALTER EVENT TRIGGER bemi_ddl_command_end ENABLE ALWAYS;
    SELECT bemi.sync();
    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE backend_type = 'bemi worker';
});
ok($node->poll_query_until('postgres', q{SELECT reason = 'the table is not tracked' FROM bemi.tracking WHERE "table" = 'late'}), 'the worker finds what no event trigger told');

done_testing();
