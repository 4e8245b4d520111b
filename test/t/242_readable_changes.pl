# bemi.readable_changes: a role sees the changes of the tables that it may read, and nothing of any other. What every role can read
# of bemi tells no more than the catalogs of PostgreSQL.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');

sub run { one_of($node, $_[0]) }

sub as {
    my ($role, $query) = @_;
    return $node->safe_psql('postgres', $query, connstr => $node->connstr('postgres') . " user=$role");
}

# What the role sees: the tables with the numbers of their changes.
sub seen_by {
    my ($role, $condition) = @_;
    $condition //= 'true';
    return as($role, qq{SELECT string_agg(t, ' ' ORDER BY t) FROM (
        SELECT concat(c."table", ' ', count(*)) AS t FROM bemi.readable_changes c WHERE $condition GROUP BY c."table") s});
}

run(q{
    CREATE ROLE ann LOGIN;
    CREATE ROLE bob LOGIN;
    CREATE ROLE eve LOGIN;
    CREATE ROLE readers;
    GRANT readers TO ann;
    CREATE SCHEMA closed;
    CREATE TABLE open (id int PRIMARY KEY, v text);
    CREATE TABLE secret (id int PRIMARY KEY, v text);
    CREATE TABLE some_columns (id int PRIMARY KEY, v text);
    CREATE TABLE by_row (id int PRIMARY KEY, owner text);
    CREATE TABLE closed.inside (id int PRIMARY KEY, v text);
    CREATE TABLE parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE part_2 PARTITION OF parted FOR VALUES FROM (10) TO (20);
    ALTER TABLE by_row ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON by_row USING (owner = current_user);
    GRANT SELECT ON open TO readers;
    GRANT SELECT ON closed.inside, by_row TO ann, bob;
    GRANT SELECT (id) ON some_columns TO ann;
    GRANT SELECT ON parted TO ann;
    GRANT SELECT ON part_2 TO bob;
    ALTER TABLE by_row OWNER TO eve;
    SELECT bemi.track(t) FROM unnest('{open,secret,some_columns,by_row,closed.inside,parted}'::regclass[]) t;
    SELECT bemi.start();
    INSERT INTO open VALUES (1, 'a'); UPDATE open SET v = 'b';
    INSERT INTO secret VALUES (1, 'hush');
    INSERT INTO some_columns VALUES (1, 'a');
    INSERT INTO by_row VALUES (1, 'ann');
    INSERT INTO closed.inside VALUES (1, 'a');
    INSERT INTO parted VALUES (1, 'a'), (11, 'b'), (12, 'c');
});
run('SELECT bemi.sync()');

my ($status, $out, $error) = $node->psql('postgres', 'TABLE bemi.readable_changes', connstr => $node->connstr('postgres') . ' user=ann');
like($error, qr/permission denied for view readable_changes/, 'nobody may read it');
run('GRANT SELECT ON bemi.readable_changes TO PUBLIC');

is(seen_by('ann'), 'open 2 part_1 1 part_2 2', 'SELECT on the table, by a role that one belongs to, or on the partitioned table');
is(seen_by('bob'), 'part_2 2', 'SELECT on a partition');
is(seen_by('eve'), 'by_row 1', 'the owner of a table with row level security');
is(run(q{SELECT count(*) FROM (TABLE bemi.readable_changes EXCEPT TABLE bemi.changes) s}), 0, 'a superuser sees all as it is');
is(run(q{SELECT count(*) FROM (TABLE bemi.changes EXCEPT TABLE bemi.readable_changes) s}), 0, '... and nothing is missing');
is(as('ann', q{SET ROLE readers; SELECT count(*) FROM bemi.readable_changes}), 2, 'after SET ROLE: what that role may read');

run('GRANT USAGE ON SCHEMA closed TO ann');
is(seen_by('ann', q{schema = 'closed'}), 'inside 1', 'with USAGE on the schema');
run('ALTER TABLE by_row DISABLE ROW LEVEL SECURITY');
is(seen_by('ann', q{"table" = 'by_row'}), 'by_row 1', 'without row level security');
run('ALTER TABLE by_row ENABLE ROW LEVEL SECURITY; ALTER TABLE by_row FORCE ROW LEVEL SECURITY');
is(seen_by('eve'), '', 'FORCE ROW LEVEL SECURITY holds for the owner');
is(as('ann', q{SET row_security = off; SELECT count(*) FROM bemi.readable_changes WHERE "table" = 'by_row'}), 0, 'row_security = off opens nothing');
run('ALTER ROLE ann BYPASSRLS');
is(seen_by('ann', q{"table" = 'by_row'}), 'by_row 1', 'BYPASSRLS');
run('ALTER ROLE ann NOBYPASSRLS; REVOKE SELECT ON open FROM readers');
is(seen_by('ann', q{"table" = 'open'}), '', 'a REVOKE takes effect at once');
run('GRANT SELECT ON open TO readers');

# A condition of the reader's sees no row that he may not see.
run('GRANT CREATE ON SCHEMA public TO bob');
$node->psql('postgres', q{
    CREATE FUNCTION leak(jsonb) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS 'BEGIN RAISE WARNING ''leaked %'', $1; RETURN true; END';
    SELECT count(*) FROM bemi.readable_changes WHERE leak(after);
}, connstr => $node->connstr('postgres') . ' user=bob', stderr => \my $warnings);
unlike($warnings, qr/hush/, 'a function in a condition is given no other rows');
like($warnings, qr/leaked/, '... but is called');

# Names change hands. The first table called "name" belongs to a reader, the second does not, and the third is nobody's any more.
run(q{
    CREATE TABLE name (id int PRIMARY KEY, v text);
    GRANT SELECT ON name TO bob;
    SELECT bemi.track('name');
    INSERT INTO name VALUES (1, 'of the first');
    ALTER TABLE name RENAME TO first;
    CREATE TABLE name (id int PRIMARY KEY, v text);
    SELECT bemi.track('name');
    INSERT INTO name VALUES (1, 'of the second');
});
run('SELECT bemi.sync()');
is(as('bob', q{SELECT string_agg(after->>'v', ', ') FROM bemi.readable_changes WHERE "table" = 'name'}), 'of the first', 'a former name');
run(q{
    INSERT INTO first VALUES (2, 'of the first');
    BEGIN;
    ALTER TABLE first RENAME TO other;
    ALTER TABLE name RENAME TO first;
    ALTER TABLE other RENAME TO name;
    INSERT INTO first VALUES (3, 'of the second');
    INSERT INTO name VALUES (3, 'of the first');
    COMMIT;
});
run('SELECT bemi.sync()');
is(as('bob', q{SELECT string_agg(concat("table", ' ', primary_key), ', ' ORDER BY commit_position, sequence) FROM bemi.readable_changes
    WHERE "table" IN ('name', 'first', 'other')}), 'name 1, first 2, name 3', 'names that are exchanged');
run('DROP TABLE name; CREATE TABLE name (id int PRIMARY KEY, v text); GRANT SELECT ON name TO bob');
is(seen_by('bob', q{"table" IN ('name', 'first')}), '', 'a table that was dropped, and another one with its name');

# A partition that was detached is a table of its own.
run('ALTER TABLE parted DETACH PARTITION part_2; REVOKE SELECT ON part_2 FROM bob');
is(seen_by('ann', q{"table" LIKE 'part%'}) . '|' . seen_by('bob', q{"table" LIKE 'part%'}), 'part_1 1|', 'a detached partition');

# A restored history comes from another server, whose positions say nothing here.
run(q{INSERT INTO bemi.changes SELECT gen_random_uuid(), c.database, c.schema, c."table", c.primary_key, c.operation, '{}', '{"v": "elsewhere"}', '{}',
        c.committed_at - interval '1 hour', c.queued_at, c.created_at, c.transaction_id, c.position, c.commit_position, c.sequence
    FROM bemi.changes c WHERE c."table" = 'open'});
is(as('ann', q{SELECT count(*) FROM bemi.readable_changes WHERE after->>'v' = 'elsewhere'}), 0, 'the changes of another server');
run(q{DELETE FROM bemi.changes WHERE after->>'v' = 'elsewhere'});

# A hundred thousand changes: each query uses an index, and the tables are looked at once.
run(q{
    INSERT INTO bemi.changes (id, database, schema, "table", primary_key, operation, before, after, context, committed_at,
        queued_at, created_at, transaction_id, position, commit_position, sequence)
    SELECT gen_random_uuid(), 'app', 'public', CASE WHEN i % 4 > 0 THEN 'open' ELSE 'secret' END, i % 2000, 'UPDATE', '{}', '{}', '{}',
        now() + i * interval '1 ms', now(), now(), i / 5 + 10000, i * 100, pg_current_wal_lsn() - '0/0' + i / 5 * 500, i % 5
    FROM generate_series(1, 100000) AS i;
    ANALYZE bemi.changes;
    ANALYZE bemi.shapes;
});
my $month = run('SELECT relname FROM bemi.partitions JOIN pg_class ON oid = partition ORDER BY from_time LIMIT 1');
my $first = run(q{SELECT committed_at FROM bemi.changes WHERE "table" = 'open' ORDER BY committed_at DESC OFFSET 100 LIMIT 1});
for (
    [ 'a record', 'table_primary_key_committed_at_idx', q{WHERE "table" = 'open' AND primary_key = '77' ORDER BY committed_at} ],
    [ 'a time range', 'committed_at_idx', "WHERE committed_at >= '$first' ORDER BY committed_at" ],
    [ 'a transaction', 'transaction_id_idx', 'WHERE transaction_id = 15000' ],
    [ 'an id', 'pkey', q{WHERE id = '00000000-0000-8000-8000-000000000000'} ],
) {
    my ($name, $index, $conditions) = @$_;
    my $plan = as('ann', "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT * FROM bemi.readable_changes $conditions");
    ok($plan =~ /(?:using|Index Scan on) changes_\w*$index/ && $plan !~ /Seq Scan on $month/, "$name uses an index") or diag($plan);
    unlike($plan, qr/CTE readable\n[^\n]*loops=(?!1\))/, '... and looks at the tables once');
}
is(as('ann', q{SELECT count(*) FROM bemi.readable_changes WHERE "table" = 'secret'}), 0, 'many changes of a table that the role may not read');

# What every role can read: the tables, columns and roles that it tells of are in the catalogs, and no value is.
my $readable = as('eve', q{SELECT string_agg(c.oid::regclass::text, ' ' ORDER BY c.oid::regclass::text) FROM pg_class c
    WHERE relnamespace = 'bemi'::regnamespace AND relkind IN ('r', 'p', 'v') AND has_table_privilege(c.oid, 'SELECT')});
is($readable, 'bemi.readable_changes bemi.shapes bemi.table_problems bemi.tracked_schemas bemi.tracked_tables bemi.tracking', 'what every role may read');
run(q{
    CREATE TABLE odd (id int PRIMARY KEY, v text);
    INSERT INTO odd VALUES (1, 'hush');
    SELECT bemi.track('odd', baseline => true);
});
run('SELECT bemi.sync()');
run(q{UPDATE bemi.baselines SET finished_at = NULL, attempts = 5, failed_at = now() + interval '1 day', sqlstate = '22021', error = 'invalid value: hush'
    WHERE relation = 'odd'::regclass});
my $told = join "\n", map { as('eve', "SELECT t::text FROM $_ t") }
    qw(bemi.tracked_tables bemi.table_problems bemi.tracked_schemas bemi.tracking bemi.shapes bemi.last_baselines());
like($told, qr/baseline has failed 5 times: SQLSTATE 22021/, 'they tell of an error');
unlike($told, qr/hush/, '... but no value');
unlike(as('eve', q{SELECT string_agg(format('%s', f), ' ') FROM pg_stat_activity f}), qr/hush/, 'nor do the activities of others');

done_testing();
