# More databases than processes: each has its turn with a worker, after a restart as well, and parallel queries still get
# processes. With BEMI_LONG fifty of them.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my ($count, $processes) = $ENV{BEMI_LONG} ? (50, 20) : (6, 6);
my $node = server('main', "max_worker_processes = $processes", 'max_parallel_workers_per_gather = 2',
    "max_replication_slots = " . ($count + 5));
create_todo($node);
$node->safe_psql('postgres', q{CREATE DATABASE model});
$node->safe_psql('model', q{CREATE EXTENSION bemi; CREATE TABLE todo (id int PRIMARY KEY); SELECT bemi.track('todo')});
my @databases = map { "d$_" } 1 .. $count;
for my $database (@databases) {
    $node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE model");
    # The worker that makes the slot may have to wait until another one makes room.
    ok(wait_until(sub { ($node->psql($database, 'SELECT bemi.start()'))[0] == 0 }), "$database: start()");
    ok($node->poll_query_until($database, q{SELECT count(*) = 1 FROM pg_replication_slots WHERE database = current_database()
        AND confirmed_flush_lsn IS NOT NULL}), '... has a slot');
}

sub all_store {
    my ($name, $id) = @_;
    $node->safe_psql($_, "INSERT INTO todo VALUES ($id)") for @databases;
    ok($node->poll_query_until($_, "SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '$id'"), "$name: $_ has had its turn")
        for @databases;
}
all_store('once', 1);
$node->restart;
all_store('after a restart', 2);
$node->restart;
all_store('after another', 3);

$node->safe_psql('postgres', 'CREATE TABLE large AS SELECT generate_series(1, 200000) AS id; ANALYZE large');
my $explain = q{
    SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
    EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM large};
# Not every time: a worker that ends and the next one may both have a process for a moment.
ok(wait_until(sub { $node->safe_psql('postgres', $explain) =~ /Workers Launched: 2/ }), 'a parallel query gets its processes');

# What doctor says about it, and that its fix is enough. Between two turns it says that no process is free, which is true then.
my ($found, $fix);
ok(wait_until(sub {
        ($found, $fix) = split /\|/, one_of($node, q{SELECT found, fix FROM bemi.doctor() WHERE NOT ok}, $databases[0]);
        return ($found // '') =~ /taking turns with those of other databases, because max_worker_processes = $processes is too small/;
    }), 'doctor says it') or diag($found);
like($fix, qr/^ALTER SYSTEM SET max_worker_processes = \d+; -- then restart/, '... and what to do');
$node->safe_psql('postgres', $fix);
$node->restart;
ok($node->poll_query_until('postgres', "SELECT count(*) = $count FROM pg_stat_activity WHERE backend_type = 'bemi worker'"),
    '... after which each database has a worker');
ok($node->poll_query_until($databases[0], 'SELECT bool_and(ok) FROM bemi.doctor()'), '... and doctor is content');
done_testing();
