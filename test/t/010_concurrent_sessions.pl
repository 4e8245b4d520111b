# Many sessions at once: each change has the context of its own session, statement and savepoint. The table says itself
# which one that is: the column `expected`.
use strict;
use warnings;
use Bemi;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $transactions = $ENV{BEMI_LONG} ? 6000 : 1200;
my $clients = 6;

my $node = server('main', 'max_connections = 20', 'shared_buffers = 16MB', 'logical_decoding_work_mem = 256kB');
$node->safe_psql('postgres', q{
    CREATE TABLE ledger (id bigserial PRIMARY KEY, expected jsonb);
    CREATE TABLE ledger_bulk (id bigserial PRIMARY KEY, expected jsonb);
    CREATE INDEX ON ledger (expected);
    SELECT bemi.track('ledger'), bemi.track('ledger_bulk', level => 'statement');
});
create_slot($node, 's');

# 11 changes that stay.
my $script = $node->basedir . '/transaction.sql';
append_to_file($script, <<'END');
\set n random(1, 1000000000)
\set m random(1, 1000000000)
BEGIN;
SET LOCAL bemi.context = '{"n": :n}';
INSERT INTO ledger (expected) VALUES ('{"n": :n}');
SAVEPOINT a;
SET LOCAL bemi.context = '{"n": :m, "rolled": "back"}';
INSERT INTO ledger (expected) VALUES ('{"never": "seen"}');
INSERT INTO ledger_bulk (expected) VALUES ('{"never": "seen"}');
ROLLBACK TO a;
INSERT INTO ledger (expected) SELECT '{"n": :n}' FROM generate_series(1, 3);
INSERT INTO ledger_bulk (expected) SELECT '{"n": :n, "m": :m}' FROM generate_series(1, 3) /*Bemi {"m": :m} Bemi*/;
SAVEPOINT b;
SELECT bemi.set_context('{"m": :m}', is_local => true);
INSERT INTO ledger (expected) VALUES ('{"m": :m}');
SAVEPOINT c;
SELECT bemi.merge_context('{"n": :n}', is_local => true);
INSERT INTO ledger_bulk (expected) VALUES ('{"m": :m, "n": :n}');
RELEASE c;
UPDATE ledger SET expected = '{"m": :m, "n": :n, "u": 1}' WHERE expected = '{"m": :m}' /*Bemi {"u": 1} Bemi*/;
COMMIT;
INSERT INTO ledger (expected) VALUES ('{}');
END
$node->command_ok([ 'pgbench', '-n', '-c', $clients, '-j', '2', '-t', $transactions / $clients, '-f', $script,
        $node->connstr('postgres') ], 'the sessions end well');

my $json = JSON::PP->new->canonical;
my ($count, %wrong, %next) = (0);
for my $change (receive($node, 's')) {
    $count++;
    my ($found, $expected) = map { $json->encode($_) } $change->{context}, $change->{after}{expected};
    $wrong{"$change->{operation} $change->{table}: $found instead of $expected"}++ if $found ne $expected;
    my $sequence = $next{ $change->{commit_position} }++;
    $wrong{"sequence $change->{sequence} instead of $sequence"}++ if $change->{sequence} != $sequence;
}
is_deeply([ sort keys %wrong ], [], 'every change has its own context');
is($count, 11 * $transactions, 'no change is missing, none comes twice');

done_testing();
