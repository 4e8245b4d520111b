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

done_testing();
