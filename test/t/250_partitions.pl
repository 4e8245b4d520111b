# The partitions of bemi.changes: of which length they are, which ones are dropped, and whatever people do to them.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'log_min_messages = warning');
create_todo($node);
$node->safe_psql('postgres', 'SELECT bemi.start()');

sub poll {
    my ($condition, $name) = @_;
    ok($node->poll_query_until('postgres', "SELECT $condition"), $name)
        or diag($node->safe_psql('postgres', 'TABLE bemi.partitions; SELECT m FROM bemi.metrics m'));
}

# Whether a change that is made now is stored in the partition of the expression.
sub is_stored_in {
    my ($partition, $name) = @_;
    my $key = change_is_stored($node, $name);
    is(one_of($node, "SELECT tableoid = $partition FROM bemi.changes WHERE primary_key = '$key'"), 't', '... where it belongs');
}

# Runs SQL while the worker is paused, if it is to find all at once.
sub while_paused {
    my ($sql) = @_;
    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT bool_and(pid IS NULL) FROM bemi.metrics') or BAIL_OUT('the worker does not stop');
    $node->safe_psql('postgres', $sql);
    $node->safe_psql('postgres', 'SELECT bemi.start()');
}

sub reload {
    my ($sql) = @_;
    $node->safe_psql('postgres', "$sql; SELECT pg_reload_conf()");
}

$node->safe_psql('postgres', q{
    CREATE PROCEDURE drop_partitions() LANGUAGE plpgsql AS $$
    DECLARE name regclass;
    BEGIN
        FOR name IN SELECT partition FROM bemi.partitions LOOP
            EXECUTE 'DROP TABLE ' || name;
        END LOOP;
    END $$;
    CREATE FUNCTION this_month(suffix text = '') RETURNS text LANGUAGE sql AS $$
        SELECT to_char(now() AT TIME ZONE 'UTC', '"bemi.changes_"YYYY_MM_01') || suffix
    $$;
});

# The interval, wherever it is set. No restart: the worker sees to it.

sub has_partitions_of {
    my ($unit, $length, $name) = @_;
    my $start = "(date_trunc('$unit', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')";
    poll("array_agg(ARRAY[from_time, to_time] ORDER BY from_time) =
            ARRAY[ARRAY[$start, $start + '$length'], ARRAY[$start + '$length', $start + '$length' + '$length']]
          FROM (SELECT set_config('TimeZone', 'UTC', false)) AS s, bemi.partitions", $name);
}

has_partitions_of('month', '1 month', 'a month each: of now, and the next one');
for my $case (
    [ 'ALTER SYSTEM SET bemi.partition_interval = day', 'day', '1 day' ],
    [ 'ALTER DATABASE postgres SET bemi.partition_interval = week', 'week', '1 week' ],
    [ 'ALTER DATABASE postgres SET bemi.partition_interval = quarter', 'quarter', '3 months' ],
    [ 'ALTER DATABASE postgres RESET bemi.partition_interval', 'day', '1 day' ],
    [ 'ALTER ROLE ALL SET bemi.partition_interval = year', 'year', '1 year' ],
    [ 'ALTER ROLE ALL RESET ALL', 'day', '1 day' ],
    [ 'ALTER SYSTEM RESET bemi.partition_interval', 'month', '1 month' ],
) {
    my ($sql, @interval) = @$case;
    $node->safe_psql('postgres', 'CALL drop_partitions()');
    reload($sql);
    has_partitions_of(@interval, $sql);
    change_is_stored($node, 'and changes are stored');
}
my ($status, $out, $errors) = $node->psql('postgres', 'SET bemi.partition_interval = hour');
like($errors, qr/invalid value.*Available values: day, week, month, quarter, year/s, 'another interval');

my $pid = one_of($node, 'SELECT active_pid FROM pg_replication_slots');
reload(q{ALTER DATABASE template1 SET bemi.partition_interval = week; ALTER DATABASE postgres SET work_mem = '5MB'});
change_is_stored($node, 'settings of other databases, and of others than bemi');
is(one_of($node, 'SELECT active_pid FROM pg_replication_slots'), $pid, 'do not make the worker begin anew');

# What exists stays, and new ones fit in between.
while_paused(q{
    CALL drop_partitions();
    CREATE TABLE bemi.of_now (LIKE bemi.changes);
    CREATE TABLE bemi.of_later (LIKE bemi.changes);
    DO $$ BEGIN
        EXECUTE format('ALTER TABLE bemi.changes ATTACH PARTITION bemi.of_now FOR VALUES FROM (%L) TO (%L)',
            now() - interval '1 hour', now() + interval '1 hour');
        EXECUTE format('ALTER TABLE bemi.changes ATTACH PARTITION bemi.of_later FOR VALUES FROM (%L) TO (MAXVALUE)',
            now() + interval '1 hour 5 seconds');
    END $$;
});
is_stored_in("'bemi.of_now'::regclass", 'in a partition that somebody attached');
poll(q{count(*) = 3 AND count(*) FILTER (WHERE to_time = from_time + interval '5 seconds') = 1 FROM bemi.partitions}, 'the one that is made fits between others');
while_paused(q{
    CALL drop_partitions();
    CREATE TABLE bemi.all (LIKE bemi.changes);
    ALTER TABLE bemi.changes ATTACH PARTITION bemi.all FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
});
is_stored_in("'bemi.all'::regclass", 'in a partition for all times');
is(one_of($node, 'SELECT from_time, to_time FROM bemi.partitions'), '-infinity|infinity', 'which stays the only one');

# A clock that was set back: the change is of before all partitions. Names that are taken.
while_paused('CALL drop_partitions()');
change_is_stored($node, 'in the partition of now');
$node->safe_psql('postgres', q{DO $$ BEGIN EXECUTE 'ALTER TABLE bemi.changes DETACH PARTITION ' || this_month(); END $$});
is_stored_in("this_month('_1')::regclass", 'a change of before all partitions, in one of another name');
change_is_stored($node, 'and the next one') for 1 .. 2;
$node->safe_psql('postgres', q{DO $$ BEGIN
    EXECUTE 'DROP TABLE ' || this_month('_1');
    EXECUTE format('CREATE TYPE %s AS ENUM ()', this_month('_1'));
    EXECUTE format('CREATE VIEW %s AS SELECT', this_month('_2'));
END $$});
is_stored_in("this_month('_3')::regclass", 'names of a type and of a view');

# A DEFAULT partition.
while_paused(q{
    CALL drop_partitions();
    CREATE TABLE public."Any Other" (LIKE bemi.changes);
    ALTER TABLE bemi.changes ATTACH PARTITION public."Any Other" DEFAULT;
});
is_stored_in('(SELECT partition FROM bemi.partitions WHERE now() BETWEEN from_time AND to_time)', 'beside an empty DEFAULT partition');
while_paused(q{
    CREATE TEMP TABLE former AS SELECT * FROM bemi.changes;
    DO $$ BEGIN EXECUTE (SELECT 'DROP TABLE ' || partition FROM bemi.partitions WHERE now() BETWEEN from_time AND to_time); END $$;
    INSERT INTO bemi.changes SELECT * FROM former;
});
is_stored_in(q{'public."Any Other"'::regclass}, 'in one that has changes of that time');
poll(q{count(*) = 2 AND bool_or(from_time > now()) FROM bemi.partitions}, 'the next partition is beside it');
is(one_of($node, q{SELECT ok FROM bemi.doctor() WHERE "check" = 'partitions'}), 't', 'for bemi.doctor() all is well');
$node->safe_psql('postgres', q{DROP TABLE public."Any Other"});
change_is_stored($node, 'without it');

# What the partitions must have in common with bemi.changes.
while_paused(q{
    CALL drop_partitions();
    ALTER TABLE bemi.changes ADD CHECK (operation <> 'NONE'), ADD COLUMN note text DEFAULT 'mine',
        ADD COLUMN length int GENERATED ALWAYS AS (length("table")) STORED;
    ALTER TABLE bemi.changes ALTER after SET COMPRESSION pglz, ALTER after SET STORAGE EXTERNAL;
});
my $key = change_is_stored($node, 'constraints and columns that somebody added');
is(one_of($node, "SELECT note, length FROM bemi.changes WHERE primary_key = '$key'"), 'mine|4', 'have their values');
is(one_of($node, q{SELECT DISTINCT attstorage, attcompression FROM pg_attribute a JOIN bemi.changes c ON attrelid = c.tableoid AND attname = 'after'}), 'e|p',
    'the way of storage is taken over');

# A change that cannot be stored as it is is the first one of a partition that is missing.
$node->safe_psql('postgres', q{
    CREATE TABLE note (id int PRIMARY KEY, body json);
    SELECT bemi.track('note');
});
while_paused(q{
    CALL drop_partitions();
    INSERT INTO note VALUES (1, '"\u0000"'), (2, '"b"');
});
change_is_stored($node, 'a change that cannot be stored as it is, while the partition is missing');
is(one_of($node, q{SELECT count(*), (SELECT count(*) FROM bemi.errors) FROM bemi.changes WHERE "table" = 'note'}), '2|1', 'is stored as what can be');

# Retention. A partition that cannot be dropped keeps neither the others nor the changes.
while_paused(q{
    CREATE SCHEMA archive;
    CREATE TABLE bemi.changes_2001 (LIKE bemi.changes);
    CREATE TABLE archive.changes_2001 (LIKE bemi.changes INCLUDING ALL);
    CREATE TABLE archive.used (LIKE bemi.changes INCLUDING ALL);
    CREATE VIEW archive.reader AS TABLE archive.used;
    CREATE TABLE archive.read (LIKE bemi.changes INCLUDING ALL);
    ALTER TABLE bemi.changes ATTACH PARTITION archive.used FOR VALUES FROM (MINVALUE) TO ('2001-01-01');
    ALTER TABLE bemi.changes ATTACH PARTITION archive.read FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
    ALTER TABLE bemi.changes ATTACH PARTITION archive.changes_2001 FOR VALUES FROM ('2001-02-01') TO ('2002-01-01');
});
change_is_stored($node, 'old partitions are there');
my $reader = $node->background_psql('postgres');
$reader->query_safe(q{BEGIN; TABLE archive.read});
my $dropped = q{SELECT count(*) FROM bemi.partitions WHERE to_time < '2002-01-02'};
reload(q{ALTER DATABASE postgres SET bemi.retention = '1 year'});
poll('expiring_since IS NOT NULL FROM bemi.worker', 'bemi.retention: what has expired is noted');
is(one_of($node, $dropped), 3, 'and dropped a day later');
# As it would be if a clock that was a day ahead were right again.
reload(q{UPDATE bemi.worker SET expiring_since = expiring_since + interval '1 day 1 hour'});
poll('expiring_since <= now() FROM bemi.worker', 'a day that the clock was ahead does not count');
is(one_of($node, $dropped), 3, 'nothing is dropped for it');
reload(q{
    INSERT INTO bemi.moved_keys
    SELECT 'public', 'todo', day, gen_random_uuid(), day::timestamptz FROM unnest('{2001-01-31,2001-02-01,2001-12-31,2002-01-01}'::text[]) AS day;
    UPDATE bemi.worker SET expiring_since = expiring_since - interval '1 day'});
poll(q{to_regclass('archive.changes_2001') IS NULL}, 'bemi.retention, set for the database, drops a partition');
poll(q{bool_or(last_error LIKE 'cannot drop table archive.used%' AND last_sqlstate = '2BP01') FROM bemi.metrics}, 'one that is in use is in the status');
change_is_stored($node, 'changes go on to be stored');
is(one_of($node, q{SELECT string_agg(partition::text, ' ' ORDER BY from_time) FROM bemi.partitions WHERE from_time < '2002-01-01'}), 'archive.used archive.read',
    'one that somebody is reading stays, with nobody waiting');
isnt(one_of($node, q{SELECT to_regclass('bemi.changes_2001')}), '', 'and so does a table of the same name in another schema');
is(one_of($node, q{SELECT string_agg(old_key, ' ' ORDER BY committed_at) FROM bemi.moved_keys}), '2001-01-31 2002-01-01', 'keys that moved go with their changes');
is(one_of($node, 'SELECT partitions_dropped FROM bemi.worker'), 1, 'the status counts');
like(slurp_file($node->logfile), qr/LOG:  bemi.retention drops partition archive.changes_2001 of bemi.changes\n.*DETAIL:  .* from 2001-02-01 00:00:00\+00 to 2002-01-01 00:00:00\+00, and had/,
    'a line in the log tells of it');
$reader->quit;
$node->safe_psql('postgres', 'DROP VIEW archive.reader; SELECT pg_reload_conf()');
poll(q{count(*) = 0 FROM bemi.partitions WHERE from_time < '2002-01-01'}, 'later they are dropped');

# Many at once: a few are dropped, then changes are stored, then the next ones are.
while_paused(q{DO $$ BEGIN FOR month IN 1 .. 20 LOOP EXECUTE format('CREATE TABLE archive.many_%s (LIKE bemi.changes INCLUDING ALL)', month);
    EXECUTE format('ALTER TABLE bemi.changes ATTACH PARTITION archive.many_%1$s FOR VALUES FROM (%2$L) TO (%3$L)', month,
        timestamptz '1990-01-01Z' + month * interval '30 days', timestamptz '1990-01-01Z' + (month + 1) * interval '30 days'); END LOOP; END $$});
my $left = q{SELECT count(*) FROM bemi.partitions WHERE to_time < '2002-01-01'};
poll("($left) < 20", 'some are dropped');
change_is_stored($node, 'changes are stored between');
cmp_ok(one_of($node, $left), '>', 0, 'while others are there');
# A round is due when the settings are read again. One that somebody reads is left for the next round.
ok(wait_until(sub { $node->reload; one_of($node, $left) == 0 }), 'until all are dropped');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, 'no gap');

done_testing();
