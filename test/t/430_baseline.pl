# Baselines: the rows that a table has before its changes are stored.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use Test::More;

my $node = server('main');

sub run {
    my ($sql) = @_;
    return $node->safe_psql('postgres', $sql);
}

sub wait_for_baselines {
    ok($node->poll_query_until('postgres', 'SELECT bool_and(finished_at IS NOT NULL) FROM bemi.baselines'), $_[0])
        or diag(run('TABLE bemi.baselines'));
    run('SELECT bemi.sync()');
}

# What the baseline says of each row that has no change, against to_jsonb() of the row.
run(q{
    CREATE SCHEMA "The Shop";
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TYPE pair AS (a int, b text);
    CREATE TABLE "The Shop"."Odd ""Name" (
        "a b" int, "c'd" text, PRIMARY KEY ("a b", "c'd"), gone int, n numeric, f float8, ts timestamptz, i interval, j json, jb jsonb,
        arr int[], p pair, m mood, b bytea, u uuid, d date, r int4range, long text, bit bit(3), x xml, made int GENERATED ALWAYS AS (1 + 1) STORED);
    ALTER TABLE "The Shop"."Odd ""Name" DROP gone;
    INSERT INTO "The Shop"."Odd ""Name" ("a b", "c'd", n, f, ts, i, j, jb, arr, p, m, b, u, d, r, long, bit, x)
    SELECT n, 'k"' || n, n / 7.0, n / 3.0, now(), '1 mon 3 days', '{"z": 1, "a": [1.10]}', '{"k": null}', ARRAY[n, NULL], ROW(n, 'x')::pair, 'happy',
           '\xdeadbeef', gen_random_uuid(), 'today', '[1,5)', (SELECT string_agg(md5(n || ' ' || g), '') FROM generate_series(1, 300) AS g), '101', '<a/>'
    FROM generate_series(1, 300) AS n;
    ALTER TABLE "The Shop"."Odd ""Name" ADD later text DEFAULT 'since';
    CREATE TABLE part (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (10) TO (20);
    INSERT INTO part SELECT n, repeat('x', n) FROM generate_series(0, 19) AS n;
    CREATE TABLE bag (t text);
    INSERT INTO bag VALUES ('twice'), ('twice'), (NULL);
    SELECT bemi.track('"The Shop"."Odd ""Name"', baseline => true), bemi.track('part', baseline => true), bemi.track('bag', baseline => true);
});
is(run('SELECT count(*), min(baseline) FROM bemi.tracked_tables WHERE baseline IS NOT NULL'), '4|0 %', 'what is to be stored is shown');
run('SELECT bemi.start()');
wait_for_baselines('it is stored');
is(run(q{SET TimeZone = 'UTC'; SELECT count(*) FROM "The Shop"."Odd ""Name" t
    JOIN bemi.changes c ON c."table" = 'Odd "Name' AND c.schema = 'The Shop' AND c.after = to_jsonb(t)
        AND c.primary_key = bemi.key(t."a b", t."c'd") AND c.operation = 'BASELINE' AND c.before = '{}' AND c.context = '{}'}), 300, 'rows are as JSON what they are');
is(run(q{SELECT string_agg(DISTINCT format('%s %s', "table", n), ', ') FROM (SELECT "table", count(*) AS n FROM bemi.changes GROUP BY 1) s}),
    'Odd "Name 300, bag 3, part_1 10, part_2 10', 'each under the name of its table');
is(run('SELECT count(DISTINCT baseline), min(baseline) FROM bemi.tracked_tables WHERE baseline IS NOT NULL'), '1|complete', 'which is shown');

# Again: nothing is needed, but for a table without a key.
run(q{UPDATE part SET t = 'new' WHERE id = 3; DELETE FROM part WHERE id = 4; SELECT bemi.baseline('part')});
wait_for_baselines('a second one');
is(run(q{SELECT count(*) FROM bemi.changes WHERE "table" LIKE 'part%' AND operation = 'BASELINE'}), 20, 'adds no row');
is(run(q{SELECT count(*) FROM (SELECT id FROM bemi.changes GROUP BY id HAVING count(*) > 1) d}), 0, 'no id is there twice');

# Errors.
for my $case (
    [ q{CREATE VIEW v AS SELECT 1 AS id; SELECT bemi.baseline('v')}, qr/cannot track relation "public.v"/ ],
    [ q{CREATE TABLE untracked (id int); SELECT bemi.baseline('untracked')}, qr/"public.untracked" is not tracked.*HINT/s ],
    [ q{CREATE ROLE other; SET ROLE other; SELECT bemi.baseline('part')}, qr/must be owner of table part/ ],
) {
    my ($status, $out, $errors) = $node->psql('postgres', "BEGIN; $case->[0]");
    like($errors, $case->[1], $case->[0]);
}

# Under load, with the worker killed: a table from its changes and baseline alone equals the table as it was, at any moment.
run(q{
    CREATE TABLE stock (id int PRIMARY KEY, n int, filler text);
    INSERT INTO stock SELECT n, 0, repeat('x', 200) FROM generate_series(1, 6000) AS n;
});
my @writers = map { IPC::Run::start([ 'psql', '-qXd', $node->connstr('postgres') ], '<', \q{
    DO $$
    DECLARE k int;
    BEGIN
        FOR i IN 1 .. 400 LOOP
            k := 1 + random() * 6000;
            CASE i % 5
            WHEN 0 THEN DELETE FROM stock WHERE id = k;
            WHEN 1 THEN INSERT INTO stock VALUES (k, 1, 'new') ON CONFLICT (id) DO UPDATE SET n = -1;
            WHEN 2 THEN UPDATE stock SET id = 10000000 + random() * 1000000000 WHERE id = k;
            ELSE UPDATE stock SET n = n + 1 WHERE id BETWEEN k AND k + 5;
            END CASE;
            COMMIT;
        END LOOP;
    END $$;
}, '>', \my $out, '2>', \my $errors) } 1 .. 2;
run(q{SELECT bemi.track('stock'), bemi.baseline('stock')});
my $moment = run('SELECT clock_timestamp()');
for (1 .. 2) {
    run(q{SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active});
    $node->poll_query_until('postgres', 'SELECT bool_and(active) FROM pg_replication_slots');
}
$_->finish for @writers;
wait_for_baselines('a baseline under load');
my $end = run('SELECT clock_timestamp()');
is(run(qq{
    SELECT string_agg(n::text, ' ') FROM generate_series(0, 10) AS g
    CROSS JOIN LATERAL (SELECT '$moment'::timestamptz + ('$end'::timestamptz - '$moment'::timestamptz) * g / 10.0 AS t) AS m
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE p.row_data IS DISTINCT FROM r.row_data) AS n
        FROM bemi.rows_as_of('stock'::regclass, m.t) p FULL JOIN bemi.rows_forward('stock'::regclass, m.t, NULL, NULL) r USING (key)
    ) AS difference}), '0 0 0 0 0 0 0 0 0 0 0', 'no row is wrong and none is missing');
is(run(q{SELECT count(*) FROM (SELECT id FROM bemi.changes GROUP BY id HAVING count(*) > 1) d}), 0, 'and none is there twice');

# Restored tables.
my $truth = run('SELECT md5(string_agg(s::text, $$|$$ ORDER BY id)) FROM stock s');
run(q{CREATE SCHEMA past; SELECT bemi.mark('before'); TRUNCATE stock; INSERT INTO stock VALUES (1, 1, 'after')});
my $restored = run(q{SELECT bemi.restore('stock', 'past."Stock 1"', mark => 'before')});
is($restored, run('SELECT count(*) FROM past."Stock 1"'), 'past a TRUNCATE');
is(run('SELECT md5(string_agg(s::text, $$|$$ ORDER BY id)) FROM past."Stock 1" s'), $truth, 'all rows are there');
run(q{SELECT bemi.sync(); DROP TABLE stock});
is(run(q{SELECT bemi.restore('stock', 'stock_2', mark => 'before') > 0}), 't', 'a table that was dropped');
is(run('SELECT md5(string_agg(s::text, $$|$$ ORDER BY id)) FROM stock_2 s'), $truth, 'has all rows');
is(run(q{SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'stock_2'::regclass AND contype = 'p'}), 'PRIMARY KEY (id)', 'and its key');
is(run(q{SELECT bemi.restore('part', 'part_was', at => now())}), 19, 'a table that is there');
for my $case (
    [ q{SELECT bemi.restore('stock', 'stock_2', mark => 'before')}, qr/relation "stock_2" already exists/ ],
    [ q{SELECT bemi.restore('stock', 'nowhere.t', mark => 'before')}, qr/schema "nowhere" does not exist/ ],
    [ q{SELECT bemi.restore('never', 't', mark => 'before')}, qr/relation "never" does not exist/ ],
    [ q{SELECT bemi.restore('stock', 't')}, qr/no moment is given/ ],
    [ q{SELECT bemi.restore('stock', NULL, mark => 'before')}, qr/must be given/ ],
    [ q{SELECT bemi.restore('stock', 't; DROP TABLE part', mark => 'before')}, qr/string is not a valid identifier/ ],
) {
    my ($status, $out, $errors) = $node->psql('postgres', $case->[0]);
    like($errors, $case->[1], $case->[0]);
}

# bemi.retention drops what is older, and keeps what rows were. Two partitions that have expired; keys that were deleted or moved later,
# before and after a TRUNCATE, or that have changed since.
run(q{
    CREATE TABLE kept (id int PRIMARY KEY, t text);
    INSERT INTO kept SELECT n, 'first' FROM generate_series(1, 2500) AS n;
    CREATE TABLE forgotten (id int PRIMARY KEY, t text);
    SELECT bemi.track('kept', baseline => true), bemi.track('forgotten');
});
wait_for_baselines('a table whose history is to be dropped');
run(q{
    INSERT INTO forgotten VALUES (1, 'x');
    TRUNCATE kept;
    INSERT INTO kept SELECT n, 'second' FROM generate_series(1, 2200) AS n;
    UPDATE kept SET t = 'third' WHERE id % 2 = 0;
    DELETE FROM kept WHERE id % 10 = 1;
    UPDATE kept SET id = id + 10000 WHERE id % 10 = 2;
    UPDATE kept SET id = 2, t = 'again' WHERE id = 3;
    SELECT bemi.sync();
});
my $old = run(q{SELECT count(*) FROM bemi.changes});
my $expired = run('SELECT clock_timestamp()');
run(q{UPDATE kept SET t = 'late' WHERE id % 10 = 4; DELETE FROM kept WHERE id % 10 = 5; UPDATE kept SET id = id + 20000 WHERE id % 10 = 6; SELECT bemi.sync()});
my $copy = run('SELECT md5(string_agg(k::text, $$|$$ ORDER BY id)) FROM kept k');
run(q{SELECT bemi.mark('before the second'); TRUNCATE kept; INSERT INTO kept VALUES (7, 'after'), (8, 'after'); SELECT bemi.sync(); SELECT bemi.stop()});
$node->poll_query_until('postgres', 'SELECT bool_and(pid IS NULL) FROM bemi.metrics');
run(qq{
    CREATE SCHEMA archive;
    CREATE TABLE archive.a (LIKE bemi.changes, PRIMARY KEY (commit_position, sequence));
    CREATE INDEX ON archive.a ("table", primary_key, committed_at);
    CREATE TABLE archive.b (LIKE bemi.changes, PRIMARY KEY (commit_position, sequence));
    CREATE INDEX ON archive.b ("table", primary_key, committed_at);
    CREATE TEMP TABLE former AS SELECT * FROM bemi.changes;
    ALTER TABLE bemi.changes ATTACH PARTITION archive.a FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
    ALTER TABLE bemi.changes ATTACH PARTITION archive.b FOR VALUES FROM ('2001-02-01') TO ('2001-03-01');
    -- Time goes by: what was committed before is of 2001, in the order in which it was committed.
    CREATE FUNCTION aged(at timestamptz) RETURNS timestamptz LANGUAGE sql AS
        \$\$ SELECT CASE WHEN at > '$expired' THEN at ELSE timestamptz '2001-02-27' - ('$expired' - at) * 400 END \$\$;
    UPDATE bemi.tracking SET from_time = '2001-01-01';
    UPDATE bemi.moved_keys SET committed_at = aged(committed_at);
    UPDATE bemi.changes SET committed_at = aged(committed_at) WHERE committed_at <= '$expired';
    ALTER DATABASE postgres SET bemi.retention = '1 year';
    SELECT bemi.start()});
$node->poll_query_until('postgres', 'SELECT expiring_since IS NOT NULL FROM bemi.worker');
run(q{BEGIN; UPDATE bemi.worker SET expiring_since = expiring_since - interval '1 day 1 hour'; COMMIT; SELECT pg_reload_conf()});
ok($node->poll_query_until('postgres', q{SELECT to_regclass('archive.a') IS NULL AND to_regclass('archive.b') IS NULL}), 'both partitions are dropped')
    or diag(run('TABLE bemi.partitions; SELECT m FROM bemi.metrics m'));
is(run(q{SELECT count(*) FROM bemi.changes WHERE "table" = 'forgotten'}), 0, 'all of a table without a baseline');
is(run(q{SELECT count(*), count(DISTINCT id) FROM bemi.changes WHERE "table" = 'kept' AND operation = 'BASELINE'}), '1320|1320',
    'each row that is needed is kept once');
run(q{SELECT bemi.restore('kept', 'past.kept', mark => 'before the second')});
is(run('SELECT md5(string_agg(k::text, $$|$$ ORDER BY id)) FROM past.kept k'), $copy, 'the table of before the TRUNCATE is as it was');

done_testing();
