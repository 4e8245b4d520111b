# What the worker is told, and how fast it follows: orders that come while it leaves, while it waits, or in the transaction
# that creates the extension; that start a process only where there is none; and what they lose is in bemi.gaps.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'log_min_messages = warning', 'max_prepared_transactions = 2', 'autovacuum = off');
create_todo($node);

sub run_sql { $node->safe_psql($_[1] // 'postgres', $_[0]) }

# What psql is told beside the result.
sub messages_of {
    my ($sql, %options) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', $sql, %options);
    return $errors;
}

sub becomes { status_becomes($node, @_) }

my $ended = q{pid IS NULL AND slot IS NULL};
my $gaps = q{SELECT count(*), bool_and(to_position > from_position AND coalesce(from_time, to_time) <= to_time AND role = current_user) FROM bemi.gaps};

# A worker that is killed has not crashed.
run_sql('SELECT bemi.start()');
becomes(q{state = 'caught up'}, 'it runs');
my $locker = $node->background_psql('postgres');
$locker->query_safe('BEGIN; LOCK TABLE bemi.changes');
run_sql("INSERT INTO todo VALUES (-1)");
becomes(q{blocked_by <> '{}'}, 'it waits for a lock');
for (1 .. 3) {
    my $pid = one_of($node, 'SELECT pid FROM bemi.metrics');
    run_sql("SELECT pg_terminate_backend($pid, 60000); UPDATE bemi.worker SET attempted_at = now() - interval '1 hour'");
    becomes("pid <> $pid AND blocked_by <> '{}'", "after pg_terminate_backend ($_) it waits again");
}
is(one_of($node, 'SELECT crashes, attempts FROM bemi.worker'), '1|1', 'which counts neither as a crash nor as an attempt');
run_sql('SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL AND last_error IS NULL}, 'bemi.stop() is followed while it waits');
$locker->quit;
run_sql('SELECT bemi.start()');
change_is_stored($node, 'and then it goes on');

# A worker that leaves has given up all its locks before the next one is started.
my $again = 'SELECT bemi.stop(drop_slot => true); SELECT bemi.start(); SELECT bemi.sync();';
is(messages_of($again x 50), '', 'bemi.start() after bemi.stop(drop_slot => true) starts a worker, 50 times');
change_is_stored($node, '... which stores');

# Processes.
my $workers = q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'bemi worker'};
becomes(q{state = 'caught up' AND attempts = 0}, 'it runs well');
ok($node->poll_query_until('postgres', "SELECT ($workers) = 1"), 'in one process');
run_sql('CREATE ROLE nobody LOGIN');
my $nobody = $node->connstr('postgres') . ' user=nobody';
my ($status, $out, $errors) = $node->psql('postgres', 'DROP EXTENSION bemi;' x 16, connstr => $nobody, on_error_stop => 0);
is(scalar(() = $errors =~ /must be owner of extension bemi/g), 16, 'DROP EXTENSION is refused 16 times');
is(one_of($node, $workers), 1, '... and has started no process');
run_sql('SELECT bemi.start();' x 8);
is(one_of($node, $workers), 1, 'nor has bemi.start() where the worker runs');
is(one_of($node, 'SELECT attempts FROM bemi.metrics'), 0, '... which lets it run');
run_sql('BEGIN; SAVEPOINT s; DROP EXTENSION bemi CASCADE; ROLLBACK TO s; COMMIT');
is(one_of($node, $workers), 1, 'nor DROP EXTENSION that is rolled back to a savepoint');
change_is_stored($node, 'it still stores');

# Stopped and started at once.
for my $wait (0, 5, 10, 20, 40) {
    run_sql('SELECT bemi.stop(drop_slot => true)');
    run_sql("SELECT pg_sleep($wait / 1000.0)");
    is(messages_of('SELECT bemi.start()'), '', "start() $wait ms after stop() waits for the slot");
    change_is_stored($node, '... and misses nothing');
}
is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, 'without a gap');

# Ended with much unread.
run_sql('SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL}, 'paused');
run_sql("INSERT INTO todo VALUES (-2)");
is(messages_of('SELECT bemi.stop(drop_slot => true)'), '', 'what is little is stored before the end');
becomes($ended, 'which it is');
is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE primary_key = '-2'}), 1, 'it is there');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, 'and there is no gap');
run_sql('SELECT bemi.start()');
becomes(q{state = 'caught up'}, 'it runs');
run_sql('SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL}, 'paused again');
run_sql(q{INSERT INTO todo SELECT i, repeat('x', 1000) FROM generate_series(10001, 30000) AS i});
like(messages_of('SELECT bemi.stop(drop_slot => true)'), qr/NOTICE:  changes that are not stored yet will be lost\nDETAIL:  \d\d MB of WAL are not read yet/,
    'what is much is announced');
becomes($ended, 'and ended');
is(one_of($node, $gaps), '1|t', 'which is a gap');

# In the transaction that creates the extension, as tools for migrations do it.
run_sql('DROP EXTENSION bemi CASCADE');
my $migration = q{BEGIN; CREATE EXTENSION bemi; SELECT bemi.track('todo'); SELECT bemi.start(); COMMIT;};
is(messages_of($migration), '', 'CREATE EXTENSION and start() in a transaction: no notice');
change_is_stored($node, '... and the slot is there');
run_sql($migration =~ s/COMMIT/ROLLBACK/r =~ s/CREATE EXTENSION bemi/SELECT/r);
change_is_stored($node, 'rolled back');

# Another extension of the same name, while the worker has much to read.
for my $amount (1, 20000) {
    run_sql(qq{
        INSERT INTO todo SELECT -i, repeat('y', 100) FROM generate_series(100001, 100000 + $amount) AS i;
        DELETE FROM todo WHERE id < -100000;
        DROP EXTENSION bemi CASCADE;
        CREATE EXTENSION bemi;
        SELECT bemi.track('todo');
    });
    run_sql('SELECT bemi.start()');
    becomes(q{state = 'caught up' AND last_error IS NULL}, 'an extension that is created anew begins anew');
    change_is_stored($node, '... and stores');
}
is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, '... without a gap');

# The same in one transaction, whatever the worker of the former extension is doing.
my $anew = q{BEGIN; DROP EXTENSION bemi CASCADE; CREATE EXTENSION bemi; SELECT bemi.track('todo'); SELECT bemi.start(); COMMIT};
my %worker_that = (
    'has caught up' => sub { becomes(q{state = 'caught up'}, 'it runs') },
    'is paused' => sub { run_sql('SELECT bemi.stop()'); becomes(q{state = 'paused' AND pid IS NULL}, 'it is paused') },
    'waits before its next attempt' => sub {
        run_sql(q{
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON bemi.changes FOR EACH ROW EXECUTE FUNCTION refuse();
            INSERT INTO todo VALUES (-4)});
        becomes(q{state = 'waiting'}, 'it waits');
        run_sql('UPDATE bemi.worker SET attempts = 8');
    },
    'has much to store' => sub { run_sql(q{INSERT INTO todo SELECT -i, repeat('y', 100) FROM generate_series(200001, 220000) AS i}) },
);
for my $what (sort keys %worker_that) {
    $worker_that{$what}->();
    unlike(messages_of($anew), qr/does not exist yet/, "a new extension in one transaction, while the worker $what");
    change_is_stored($node, '... and the next change is stored');
    is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, '... without a gap');
}

# While the slot is being made.
run_sql('SELECT bemi.stop(drop_slot => true)');
becomes($ended, 'ended');
run_sql("BEGIN; INSERT INTO todo VALUES (-3); PREPARE TRANSACTION 'the gid'");
like(messages_of('SELECT bemi.start()'), qr/replication slot does not exist yet/, 'a prepared transaction holds up the slot');
becomes(q{state = 'creating slot'}, 'which the status shows');
like(one_of($node, q{SELECT string_agg(found || ' | ' || fix, ' ') FROM bemi.doctor() WHERE NOT ok}),
    qr/the prepared transaction 'the gid' \| -- end that, or wait: COMMIT PREPARED 'the gid' or ROLLBACK PREPARED 'the gid', of user \S+ in database postgres/, 'doctor() names it');
run_sql("BEGIN; LOCK TABLE todo IN ACCESS SHARE MODE; PREPARE TRANSACTION 'innocent'");
unlike(one_of($node, q{SELECT string_agg(fix, ' ') FROM bemi.doctor() WHERE NOT ok}), qr/innocent/, '... and no other');
run_sql("ROLLBACK PREPARED 'innocent'");
run_sql('SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL}, 'stop() is followed at once');
run_sql('SELECT bemi.stop(drop_slot => true)');
becomes($ended, 'and so is the end');
messages_of('SELECT bemi.start()');
run_sql("ROLLBACK PREPARED 'the gid'");
becomes(q{state = 'caught up'}, 'in the end there is a slot');
change_is_stored($node, 'and changes are stored');
is(one_of($node, 'SELECT count(*) FROM bemi.gaps'), 0, 'without a gap');

# Settings right after start().
run_sql('SELECT bemi.stop()');
becomes(q{state = 'paused' AND pid IS NULL}, 'paused');
run_sql(q{SELECT bemi.start(); ALTER DATABASE postgres SET bemi.partition_interval = 'day'; SELECT pg_reload_conf()});
change_is_stored($node, 'settings that are changed right after start()');
is(one_of($node, 'SELECT attempts FROM bemi.worker'), 0, 'do not count as an attempt that failed');

# All this is what somebody asked for, so the worker reports no error.
my @errors = grep { !/ERROR:  (no|must be owner of extension bemi)$/ } slurp_file($node->logfile) =~ /.*(?:ERROR|FATAL|PANIC):  .*/g;
is(join("\n", @errors), '', 'the log has no other errors');
done_testing();
