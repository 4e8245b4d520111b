# bemi.start() without shared_preload_libraries: the worker runs until the next restart.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', "shared_preload_libraries = ''");
create_todo($node);

my ($status, $out, $errors) = $node->psql('postgres', 'SELECT bemi.start()', on_error_stop => 1);
like($errors, qr/NOTICE: .*will not be started again after a restart of the server/, 'start() says so');
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (1, 'Sleep') /*Bemi {"user_id": 1} Bemi*/});
ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM bemi.changes'), 'changes are stored');

# An error must not be the end of it, although nobody looks after the worker.
$node->safe_psql('postgres', q{
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION refuse();
    INSERT INTO todo VALUES (2, 'Eat');
});
ok($node->poll_query_until('postgres', q{SELECT last_error = 'no' AND last_sqlstate = 'P0001' FROM bemi.metrics}),
    'an error is shown');
$node->safe_psql('postgres', 'DROP TRIGGER refuse ON bemi.changes');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 2 FROM bemi.changes'), 'and the worker tries again');

$node->restart;
$node->safe_psql('postgres', q{INSERT INTO todo VALUES (3, 'Nap')});
is(one_of($node, q{SELECT state FROM bemi.status}), 'not running', 'after a restart there is none');
$node->psql('postgres', 'SELECT bemi.start()');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 3 FROM bemi.changes'), 'start() goes on where it was');

$node->psql('postgres', 'DROP EXTENSION bemi CASCADE');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_replication_slots'), 'DROP EXTENSION drops the slot');

# What workers show of themselves is in shared memory, for which there is little room after the start.
$node->append_conf('postgresql.conf', 'max_replication_slots = 20000');
$node->restart;
$node->psql('postgres', q{CREATE EXTENSION bemi; SELECT bemi.track('todo'); SELECT bemi.start(); INSERT INTO todo VALUES (4, 'Run')});
ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM bemi.changes'), 'changes are stored where it does not suffice');
is(one_of($node, 'SELECT state, lag IS NULL FROM bemi.status'), 'running|t', 'but nobody knows how far it is');
like(slurp_file($node->logfile), qr/WARNING:  not enough shared memory for bemi\n.*HINT:  Add bemi to shared_preload_libraries/s, 'which is in the log');

done_testing();
