# Queries of bemi.changes that people ask use an index: none reads the whole of a large partition. BEMI_LONG=1 for a million
# changes.
use strict;
use warnings;
use Bemi;
use Test::More;

my $count = $ENV{BEMI_LONG} ? 1_000_000 : 50_000;
my $node = server('main', 'shared_buffers = 128MB', 'max_wal_size = 4GB');
$node->safe_psql('postgres', 'SELECT bemi.start()');
$node->poll_query_until('postgres', 'SELECT count(*) = 2 FROM bemi.partitions') or BAIL_OUT('there are no partitions');
my $month = one_of($node, q{SELECT relname FROM bemi.partitions JOIN pg_class ON oid = partition ORDER BY from_time LIMIT 1});

# Fifty changes of each of many users, and others, over 27 days.
$node->safe_psql('postgres', qq{
    INSERT INTO bemi.changes (id, database, schema, "table", primary_key, operation, before, after, context, committed_at,
        queued_at, created_at, transaction_id, position, commit_position, sequence)
    SELECT gen_random_uuid(), 'app', 'public', CASE WHEN i % 4 > 0 THEN 'users' ELSE 'orders' END, i % ($count / 50),
        (ARRAY['CREATE', 'UPDATE', 'UPDATE', 'DELETE'])[1 + i % 4],
        jsonb_build_object('id', i % ($count / 50), 'name', 'name ' || i % 1000, 'status', 'new'),
        jsonb_build_object('id', i % ($count / 50), 'name', 'name ' || i % 1000, 'status', 'active'),
        jsonb_build_object('user_id', i % ($count / 100), 'endpoint', '/users/' || i % 17),
        time, time, time, i / 5, i * 100, i / 5 * 500, i % 5
    FROM (SELECT i, from_time + i * interval '27 days' / $count AS time
        FROM generate_series(1, $count) AS i, (SELECT min(from_time) AS from_time FROM bemi.partitions) AS p) AS s
});

sub at_days {
    my ($query) = @_;
    return $query =~ s/DAY (\d+)/date_trunc('month', now(), 'UTC') + interval '$1 days'/gr;
}

# The plan for the month's partition.
sub explain {
    my ($query) = @_;
    return one_of($node, 'EXPLAIN (COSTS off) ' . at_days($query)) =~ s/\Q$month\E_//gr;
}

my $record = 'table_primary_key_committed_at_idx';
my @queries = (
    [ 'all conditions at once', $record, q{WHERE "table" = 'users' AND primary_key = '77' AND operation = 'UPDATE'
        AND after @> '{"status": "active"}' AND committed_at BETWEEN DAY 5 AND DAY 20} ],
    [ 'the history of a record', $record, q{WHERE "table" = 'users' AND primary_key = '77' ORDER BY commit_position, sequence} ],
    [ 'a time range', 'committed_at_idx', 'WHERE committed_at BETWEEN DAY 5 AND DAY 6' ],
    [ 'the newest', 'committed_at_idx', 'ORDER BY committed_at DESC LIMIT 50' ],
    [ 'the newest of a kind', 'committed_at_idx', q{WHERE "table" = 'users' AND operation = 'DELETE' ORDER BY committed_at DESC LIMIT 50} ],
    [ 'a context', 'context_idx', q{WHERE context @> '{"user_id": 7}'} ],
    [ 'an operation in a time range', 'committed_at_idx', q{WHERE "table" = 'users' AND operation = 'DELETE' AND committed_at BETWEEN DAY 5 AND DAY 6} ],
    [ 'a value in a time range', 'committed_at_idx', q{WHERE after @> '{"name": "name 7"}' AND committed_at BETWEEN DAY 5 AND DAY 6} ],
    [ 'a transaction', 'transaction_id_idx', 'WHERE transaction_id = 5000' ],
    [ 'an id', 'pkey', q{WHERE id = '00000000-0000-8000-8000-000000000000'} ],
);

unlike(explain("SELECT * FROM bemi.changes $_->[2]"), qr/Seq Scan on \Q$month\E/, "$_->[0], before the partition was analyzed") for @queries;
$node->safe_psql('postgres', 'ANALYZE bemi.changes');
for (@queries) {
    my ($name, $index, $conditions) = @$_;
    my $plan = explain("SELECT * FROM bemi.changes $conditions");
    ok($plan =~ /(?:using|Index Scan on) \Q$index\E/ && $plan !~ /Seq Scan on \Q$month\E/, $name) or diag($plan);
}

# bemi.doctor() looks at a limited number of recent changes for their contexts, and of earlier ones.
$node->safe_psql('postgres', at_days(q{
    INSERT INTO bemi.changes
    SELECT gen_random_uuid(), 'app', 'public', 'users', i, 'UPDATE', '{}', '{}', '{}', GREATEST(now(), DAY 28), now(), now(), 1, 1, 1, i FROM generate_series(1, 20000) i
}));
my $look = one_of($node, 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT * FROM bemi.missing_contexts()');
unlike($look, qr/Seq Scan on \Q$month\E/, 'the contexts of recent changes: an index');
my @limits = $look =~ /Limit \(actual rows=(\d+)/g;
like("@limits[0, 1]", qr/\A10000 [01]\z/, '... and no more than 10,000 of them, and earlier ones up to one that has a context') or diag($look);

# What has no index gets one by hand, which coming partitions have too.
my $value = q{SELECT * FROM bemi.changes WHERE after @> '{"name": "name 7"}'};
like(explain($value), qr/Seq Scan on \Q$month\E/, 'a value at any time has no index');
$node->safe_psql('postgres', 'CREATE INDEX changes_after ON bemi.changes USING gin (after jsonb_path_ops)');
like(explain($value), qr/Bitmap Index Scan on after_idx/, 'unless somebody makes one');
create_todo($node);
$node->safe_psql('postgres', qq{DROP TABLE bemi.$month; INSERT INTO todo VALUES (1, 'task')});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE after @> '{"task": "task"}'}), 'with which the worker goes on');
is(one_of($node, q{SELECT count(*) FROM pg_inherits WHERE inhparent = 'bemi.changes_after'::regclass}), 2, 'in new partitions');

done_testing();
