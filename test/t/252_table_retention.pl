# The retention of single tables: what is older is deleted in small steps, table by table, and what rows with a baseline were is kept.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main', q{bemi.partition_interval = 'month'});

sub run { one_of($node, $_[0]) }

# The changes of a table: how many of 2001, and how many later.
sub counts_of {
    my ($table) = @_;
    return run(qq{SELECT concat(count(*) FILTER (WHERE committed_at < '2002-01-01'), ' ', count(*) FILTER (WHERE committed_at >= '2002-01-01'))
        FROM bemi.changes WHERE "table" = '$table'});
}

run(q{
    CREATE TABLE kept (id int PRIMARY KEY, t text);
    INSERT INTO kept SELECT n, 'first' FROM generate_series(1, 2500) AS n;
    CREATE TABLE plain (id int PRIMARY KEY, t text);
    CREATE TABLE other (id int PRIMARY KEY, t text);
    CREATE TABLE parted (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
    SELECT bemi.track('kept', baseline => true, retention => '90 days'), bemi.track('plain', retention => '1 year'),
        bemi.track('other'), bemi.track('parted', retention => '1 day');
    SELECT bemi.start();
});
$node->poll_query_until('postgres', 'SELECT bool_and(finished_at IS NOT NULL) FROM bemi.baselines') or BAIL_OUT('there is no baseline');
run(q{
    INSERT INTO plain SELECT n, 'x' FROM generate_series(1, 2500) AS n;
    UPDATE plain SET id = 5000 WHERE id = 1;
    INSERT INTO other VALUES (1, 'x');
    INSERT INTO parted VALUES (1, 'x');
    ALTER TABLE plain RENAME TO renamed;
    UPDATE kept SET t = 'second' WHERE id % 2 = 0;
    DELETE FROM kept WHERE id % 10 = 1;
    UPDATE kept SET id = id + 10000 WHERE id % 10 = 2;
    SELECT bemi.sync();
});
run(q{SELECT bemi.erase('kept', '4', '{t}', reason => 'x')});
run(q{SELECT bemi.sync()});
my $old = run('SELECT clock_timestamp()');
run(q{
    UPDATE kept SET t = 'late' WHERE id % 10 = 4; DELETE FROM kept WHERE id % 10 = 5; UPDATE renamed SET t = 'late' WHERE id = 2;
    INSERT INTO other VALUES (2, 'x'); INSERT INTO parted VALUES (2, 'x');
    SELECT bemi.sync();
});
my $late = run('SELECT clock_timestamp()');
my $rows = run('SELECT md5(string_agg(k::text, $$|$$ ORDER BY id)) FROM kept k');
run(q{SELECT bemi.mark('before the TRUNCATE'); TRUNCATE kept; SELECT bemi.sync(); SELECT bemi.stop()});
$node->poll_query_until('postgres', 'SELECT bool_and(pid IS NULL) FROM bemi.metrics');

# Time goes by: what was committed before is of two months of 2001, in the order in which it was committed.
run(qq{
    CREATE SCHEMA archive;
    CREATE TABLE archive.a (LIKE bemi.changes, PRIMARY KEY (id));
    CREATE INDEX ON archive.a ("table", primary_key, committed_at);
    CREATE TABLE archive.b (LIKE bemi.changes, PRIMARY KEY (id));
    CREATE INDEX ON archive.b ("table", primary_key, committed_at);
    ALTER TABLE bemi.changes ATTACH PARTITION archive.a FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
    ALTER TABLE bemi.changes ATTACH PARTITION archive.b FOR VALUES FROM ('2001-02-01') TO ('2001-03-01');
    CREATE FUNCTION aged(at timestamptz) RETURNS timestamptz LANGUAGE sql AS
        \$\$ SELECT CASE WHEN at > '$old' THEN at ELSE timestamptz '2001-02-27' - ('$old' - at) * 400 END \$\$;
    UPDATE bemi.tracking SET from_time = '2001-01-01';
    UPDATE bemi.moved_keys SET committed_at = aged(committed_at);
    UPDATE bemi.erased_values SET committed_at = aged(committed_at);
    UPDATE bemi.changes SET committed_at = aged(committed_at) WHERE committed_at <= '$old';
});
my $others = run(q{SELECT md5(string_agg(c::text, '|' ORDER BY id)) FROM bemi.changes c WHERE "table" = 'other'});
is(counts_of('other') . ', ' . counts_of('plain') . ', ' . counts_of('part_1'), '1 1, 2501 0, 1 1', 'there are old changes');
run('SELECT bemi.start()');
ok($node->poll_query_until('postgres', 'SELECT noted_time IS NOT NULL FROM bemi.worker'), 'the time is noted');
is(counts_of('plain'), '2501 0', 'a clock that is wrong for less than a day deletes nothing');

# The worker is killed meanwhile.
run(q{UPDATE bemi.worker SET noted_at = noted_at - interval '1 day 1 hour'});
for (1 .. 2) {
    run(q{SELECT pg_reload_conf()});
    $node->poll_query_until('postgres', 'SELECT count(*) > 0 FROM bemi.expired_tables');
    run(q{SELECT pg_terminate_backend(pid) FROM bemi.metrics});
    $node->poll_query_until('postgres', 'SELECT pid IS NOT NULL FROM bemi.metrics');
}
my $is_done = q{SELECT count(*) = 3 AND bool_and(deleted_before >= '2001-03-01') FROM bemi.expired_tables};
for (1 .. 60) {
    run('SELECT pg_reload_conf()');
    last if run($is_done) eq 't';
    run('SELECT pg_sleep(0.2)');
}
is(run($is_done), 't', 'three tables have expired') or diag(run('TABLE bemi.expired_tables; SELECT m FROM bemi.metrics m'));
is(counts_of('plain') . ', ' . counts_of('renamed'), '0 0, 0 1', 'all that is older is gone, under former names too');
is(counts_of('part_1'), '0 1', 'that of partitions as well');
is(run(q{SELECT md5(string_agg(c::text, '|' ORDER BY id)) FROM bemi.changes c WHERE "table" = 'other'}), $others, 'other tables keep everything');
is(run(q{SELECT count(*) FROM bemi.moved_keys m WHERE NOT EXISTS (SELECT FROM bemi.changes c WHERE c.id = m.id)}), 0, 'moved keys go with their changes');
is(run(q{SELECT count(*) FROM bemi.erased_values e WHERE NOT EXISTS (SELECT FROM bemi.changes c WHERE c.id = e.id)}), 0, 'so does what was erased');
is(run('SELECT changes_deleted = (SELECT sum(changes_deleted) FROM bemi.expired_tables) AND changes_deleted > 6000 FROM bemi.metrics'), 't', 'bemi.metrics counts them')
    or diag(run('TABLE bemi.expired_tables'));

# Rows with a baseline.
is(run(q{SELECT string_agg(DISTINCT operation, ' ') FROM bemi.changes WHERE "table" = 'kept' AND committed_at < (SELECT min(from_time) FROM bemi.partitions WHERE from_time > '2002-01-01') + interval '1 us'}),
    'BASELINE', 'what rows were is carried forward');
is(run(q{SELECT concat(count(*), ' ', count(DISTINCT id)) FROM bemi.changes WHERE "table" = 'kept' AND operation = 'BASELINE'}), '1750 1750', '... once for each row that needs it');
run(q{SELECT bemi.restore('kept', 'archive.kept', mark => 'before the TRUNCATE')});
is(run('SELECT md5(string_agg(k::text, $$|$$ ORDER BY id)) FROM archive.kept k'), $rows, 'the table of before the TRUNCATE is as it was');

# Looking back ends there.
for my $table (qw(renamed parted)) {
    my ($status, $out, $error) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM bemi.as_of(NULL::$table, '2001-02-20')");
    like($error, qr/22023: history of table "$table" begins at 2001-03-01.*Older changes were deleted/s, "as_of of $table before that is an error");
}
is(run(qq{SELECT count(*) FROM bemi.as_of(NULL::renamed, '$late') WHERE t = 'x'}), 2499, '... and after it shows all rows');
is(run(q{SELECT count(*) FROM bemi.as_of(NULL::other, '2001-02-28')}), 1, 'other tables are read back further');
is(run(q{SELECT string_agg(operation, ' ') FROM bemi.history('renamed', 2)}), 'BEFORE UPDATE', 'history begins with the state before the first change that is kept');

# Taken away, nothing more is deleted.
run(q{SELECT bemi.track('renamed', retention => '0'), bemi.track('kept', retention => '0'), bemi.track('parted', retention => '0')});
is(run('SELECT bemi.has_table_retention()'), 'f', 'no table has a retention any more');

done_testing();
