# bemi.sync(): when it returns, all that was committed before is stored, or it says why not.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

sub fails {
    my ($node, $sql, $sqlstate, $message, $name, $role) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql",
        connstr => $node->connstr('postgres') . ($role ? " user=$role" : ''));
    like($errors, qr/ERROR:  $sqlstate: .*$message/s, $name);
}

# A session of another, which stays until it is told to go.
sub session {
    my ($node, @sql) = @_;
    my $session = start_client('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), map { ('-c', $_) } @sql,
        q{SELECT 'done ' || pg_backend_pid()}, 'SELECT pg_sleep(1000)');
    pump_until($session->{process}, $session->{timer}, \$session->{lines}, qr/^done \d+$/m) or BAIL_OUT($session->{errors});
    return $session;
}

# Ends it in the server too, with what it has locked.
sub leave {
    my ($node, $session) = @_;
    my ($pid) = $session->{lines} =~ /^done (\d+)$/m;
    $node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 180000)");
    $session->{process}->finish;
}

my $count = q{SELECT count(*) FROM bemi.changes WHERE "table" = 'todo'};

for my $preload ('bemi', '') {
    my $with = $preload ? '' : ' without shared_preload_libraries';
    my $node = server("sync$preload", "shared_preload_libraries = '$preload'", 'wal_writer_delay = 10s');
    create_todo($node);
    fails($node, 'SELECT bemi.sync()', '55000', 'no worker stores changes.*bemi\.start\(\)', "never started$with");
    $node->safe_psql('postgres', 'SELECT bemi.start()');
    is(one_of($node, q{INSERT INTO todo VALUES (0); SELECT bemi.sync() > '0/0'}), 't', "it gives a position$with");
    is(one_of($node, $count), 1, "a change is stored$with");
    is(one_of($node, q{INSERT INTO todo VALUES (-1); SELECT FROM bemi.sync()} . "\n;$count"), "\n2" =~ s/\A\n//r, "in the same session$with");
    is(one_of($node, "SET synchronous_commit = off; INSERT INTO todo VALUES (-2); SELECT FROM bemi.sync(); $count"), 3,
        "with synchronous_commit = off, long before the WAL writer comes$with");
    my $other = session($node, 'SET synchronous_commit = off', 'INSERT INTO todo VALUES (-3)');
    is(one_of($node, "SELECT FROM bemi.sync(); $count"), 4, "another's too$with");
    leave($node, $other);
    is(one_of($node, "BEGIN; INSERT INTO todo VALUES (-4); SELECT FROM bemi.sync(); $count; COMMIT"), 4, "but what is not committed is not$with");
    is(one_of($node, "BEGIN; INSERT INTO todo VALUES (-5); PREPARE TRANSACTION 'p'"), '', "nor what is prepared$with") if $preload;

    # Each client sees its own change as soon as it has called sync().
    my $script = $node->basedir . '/sync.sql';
    append_to_file($script, q{
        \set id random(1, 1000000000)
        INSERT INTO todo VALUES (:id) ON CONFLICT DO NOTHING;
        SELECT bemi.sync('180 s');
        SELECT 1 / count(*) FROM bemi.changes WHERE "table" = 'todo' AND primary_key = (:id)::text;
    });
    $node->command_ok([ 'pgbench', '-n', '-c', '6', '-t', '20', '-f', $script, $node->connstr('postgres') ], "several at once$with");

    # The worker waits for the caller.
    fails($node, "BEGIN; LOCK bemi.changes;\n\\! psql -X -q -d '" . $node->connstr('postgres') . "' -c 'INSERT INTO todo VALUES (-6)'\nSELECT bemi.sync('300 ms')",
        '55P03', 'timeout while waiting.*is stored.*bytes of WAL.*waits for locks of this', "a lock on bemi.changes$with");
    my $locker = session($node, 'BEGIN; LOCK bemi.changes');
    $node->safe_psql('postgres', 'INSERT INTO todo VALUES (-7)');
    fails($node, q{SELECT bemi.sync('300 ms')}, '55P03', 'timeout', "that of another$with");
    fails($node, q{SET bemi.sync_timeout = '300 ms'; SELECT bemi.sync()}, '55P03', 'timeout', "bemi.sync_timeout is the default$with");
    fails($node, q{SET statement_timeout = '300 ms'; SELECT bemi.sync('1 day')}, '57014', 'canceling', "it can be cancelled$with");
    fails($node, q{SELECT bemi.sync('0')}, '55P03', 'timeout', "no time at all$with");
    my $waits = start_client('psql', '-X', '-A', '-t', '-d', $node->connstr('postgres'), '-c',
        q{SET application_name = 'syncs'}, '-c', q{SELECT bemi.sync('1 day') > '0/0'});
    $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'syncs' AND query LIKE 'SELECT bemi.sync%'});
    leave($node, $locker);
    $waits->{process}->finish;
    like($waits->{lines}, qr/^t$/m, "who waits goes on when it is stored$with");

    fails($node, q{SELECT bemi.sync('-1 s')}, '22023', 'must not be negative', "a negative time$with");
    fails($node, q{SELECT bemi.sync('-1 month')}, '22023', 'must not be negative', "a negative month$with");
    is(one_of($node, q{SELECT bemi.sync('1000000 years') > '0/0'}), 't', "a long one$with");
    $node->safe_psql('postgres', 'CREATE ROLE app LOGIN');
    is(one_of($node, q{SET ROLE app; SELECT bemi.sync() > '0/0'}), 't', "anybody may call it$with");

    $node->safe_psql('postgres', 'SELECT bemi.stop()');
    $node->poll_query_until('postgres', 'SELECT pid IS NULL FROM bemi.metrics');
    fails($node, 'SELECT bemi.sync()', '55000', 'no worker stores changes.*paused.*bemi\.start\(\)', "paused$with");
    $node->safe_psql('postgres', 'SELECT bemi.start()');
    is(one_of($node, q{SELECT bemi.sync() > '0/0'}), 't', "started again$with");
    $node->restart;
    if ($preload) {
        is(one_of($node, "INSERT INTO todo VALUES (-8); SELECT FROM bemi.sync('180 s'); SELECT count(*) FROM bemi.changes WHERE primary_key = '-8'"), 1,
            'it waits for the worker after a restart');
        $node->backup('b');
        my $standby = PostgreSQL::Test::Cluster->new('standby');
        $standby->init_from_backup($node, 'b', has_streaming => 1);
        $standby->start;
        fails($standby, 'SELECT bemi.sync()', '55000', 'Recovery is in progress.*primary', 'on a standby');
        is(one_of($standby, 'SELECT state, lag_bytes FROM bemi.status'), 'standby|', 'which bemi.status calls so');
    } else {
        fails($node, 'SELECT bemi.sync()', '55000', 'has ended.*shared_preload_libraries.*bemi\.start\(\)', 'after a restart there is no worker');
    }
    $node->stop;
}
done_testing();
