# Sessions write at random, in every protocol, with DDL, maintenance and faults beside them (test/random); each row knows
# the context that its change should bear, and a ledger that knows nothing of bemi writes down what was committed. At the
# end bemi.changes has just that, and so has a client that streams. A minute; BEMI_LONG=1 for ten; BEMI_SEED=n repeats
# the choices of a run.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $seconds = $ENV{BEMI_LONG} ? 600 : 60;
my $seed = $ENV{BEMI_SEED} // int(rand(1_000_000));
my $random = "$ENV{TESTDIR}/test/random";
diag("BEMI_SEED=$seed");
srand($seed);

my $node = server('main', 'max_prepared_transactions = 50', 'deadlock_timeout = 100ms', q{timezone = 'UTC'},
    'log_min_messages = warning', 'log_lock_waits = off', 'restart_after_crash = on', 'max_wal_size = 1GB');

$node->safe_psql('postgres', slurp_file("$random/schema.sql"));
$node->safe_psql('postgres', q{SELECT bemi.track_schema('public'); SELECT bemi.track('bulk', 'statement')});
create_slot($node, 'client');
$node->safe_psql('postgres', 'SELECT bemi.start()');

# It goes on where it was. By itself pg_recvlogical comes back only from some of its errors.
my $received = $node->basedir . '/received';
my $client = IPC::Run::start([ 'sh', '-c', 'trap "kill \$!; exit" TERM; while :; do "$@" & wait $!; sleep 0.2; done', 'sh',
    'pg_recvlogical', '--slot', 'client', '--dbname', $node->connstr('postgres'), '--start', '--no-loop',
    '--option', 'tracked-only=on', '--status-interval', '1', '--fsync-interval', '1', '--file', $received ],
    '2>', "$PostgreSQL::Test::Utils::log_path/random_ledger_client.log");

my ($load_input, $load_output) = ('', '');
my $load = IPC::Run::start([ "$random/build/random_load", $node->connstr('postgres') . " options='-c lock_timeout=3s'", $seed, 6, 2 ],
    '<', \$load_input, '>', \$load_output, '2>', \my $notices, IPC::Run::timer($seconds + 300));

my %fault = (
    faults_of_processes($node),
    backend => sub { kill_process($node, 'client backend') },
    pause => sub { ask($node, 'SELECT bemi.stop()'); usleep(rand(500_000)); ask($node, 'SELECT bemi.start()') },
);
my @faults = sort keys %fault;

my $end = time + $seconds;
my $struck = 0;
while (time < $end) {
    usleep(1_000_000 + rand(6_000_000));
    $fault{ $faults[ rand @faults ] }->();
    $struck++;
}
note("$struck faults");

$load->finish;
is($load_output, '', 'no error that a user of PostgreSQL would not expect');

wait_for_server($node);
commit_prepared($node);
$node->safe_psql('postgres', 'SELECT bemi.start(); CREATE TABLE the_end (id int); INSERT INTO the_end VALUES (1)');
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM bemi.changes WHERE "table" = 'the_end'}), 'the worker comes to the end')
    or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
wait_until_confirmed($node, 'client');
$client->signal('TERM'); # a process in the background may ignore INT
$client->finish;

$node->safe_psql('postgres', slurp_file("$random/check.sql"));
my $count = one_of($node, 'SELECT count(*) FROM ledger.entry');
note("$count changes");
cmp_ok($count, '>', 1000, 'there was a load');
is(one_of($node, 'SELECT count(*) FROM ledger.faults'), 0, 'all that was written is stored once, with its context, and no more')
    or diag(one_of($node, 'SELECT line FROM ledger.evidence LIMIT 12'));
is(one_of($node, q{
    SELECT count(*) FROM (
        SELECT before, lag(after, 1, '{}') OVER (PARTITION BY primary_key ORDER BY commit_position, sequence) AS former
        FROM bemi.changes WHERE "table" = 'item') AS history
    WHERE before <> former}), 0, 'in the order of the commits');
is(one_of($node, q{SELECT count(*) FROM (SELECT id FROM bemi.changes GROUP BY id HAVING count(*) > 1) AS twice}), 0, 'no id is there twice');
is(one_of($node, q{SELECT string_agg(error, '; ') FROM bemi.errors}), '', 'no error was noted');
is(one_of($node, q{SELECT count(*) FROM bemi.gaps}), 0, 'no gap was noted');

# What the client got may have come again after a restart, with the same content.
$node->safe_psql('postgres', qq{
    CREATE TABLE ledger.line (line text);
    COPY ledger.line FROM '$received' (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02');
    CREATE TABLE ledger.received AS
    SELECT DISTINCT (line::json ->> 'id')::uuid AS id, line::json ->> 'table' AS "table", line::json ->> 'operation' AS operation,
           (line::json -> 'before')::jsonb AS before, (line::json -> 'after')::jsonb AS after, (line::json -> 'context')::jsonb AS context
    FROM ledger.line});
is(one_of($node, q{
    SELECT string_agg(difference, e'\n') FROM (
        SELECT format('%s of %s, id %s: the client has %s, the store %s', operation, "table", id,
                      CASE WHEN r IS NULL THEN 'nothing' ELSE left(r::text, 500) END, CASE WHEN s IS NULL THEN 'nothing' ELSE left(s::text, 500) END)
        FROM ledger.received AS r
        FULL JOIN bemi.changes AS s USING (id, operation, "table")
        WHERE r IS NULL OR s IS NULL OR (r.before, r.after, r.context) <> (s.before, s.after, s.context)
        LIMIT 5) AS d (difference)}), '', 'a client that streams has the changes of the store');

done_testing();
