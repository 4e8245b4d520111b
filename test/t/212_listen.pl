# bemi.listen(): the worker tells those who listen what it has stored, and only while there are any. It never waits for that.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

# A session that stays. say_to() returns what it prints for the command, notifications too.
sub session {
    my ($node, $role) = @_;
    my $session = { in => '', out => '', heard => [] };
    $session->{timer} = IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default);
    $session->{process} = IPC::Run::start(
        [ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres') . ($role ? " user=$role" : '') ],
        '<', \$session->{in}, '>', \$session->{out}, '2>&1', $session->{timer});
    return $session;
}

sub say_to {
    my ($session, $sql) = @_;
    $session->{out} = '';
    $session->{in} .= "$sql\n\\echo end\n";
    pump_until($session->{process}, $session->{timer}, \$session->{out}, qr/^end$/m) or BAIL_OUT("psql: $session->{out}");
    push @{ $session->{heard} }, $session->{out} =~ /notification "bemi_changes" with payload "(.*)" received/g;
    return $session->{out} =~ s/^(Asynchronous notification.*|end)\n//mgr;
}

# What it has heard since the last call.
sub heard {
    my ($session) = @_;
    say_to($session, 'SELECT;');
    my @heard = @{ $session->{heard} };
    $session->{heard} = [];
    return @heard;
}

# Waits for notifications until they speak of so many changes.
sub hears_of {
    my ($session, $changes, $name) = @_;
    my $sum = 0;
    my $is_enough = sub { $sum += /"changes": (\d+)/ ? $1 : 0 for heard($session); $sum >= $changes };
    wait_until($is_enough);
    is($sum, $changes, $name);
}

# Nothing but what we send ourselves, after the worker has done all it had to.
sub hears_nothing {
    my ($node, $session, $name) = @_;
    $node->safe_psql('postgres', 'SELECT bemi.sync()');
    $node->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.metrics});
    $node->safe_psql('postgres', q{NOTIFY bemi_changes, 'ours'});
    my @heard;
    wait_until(sub { push @heard, heard($session); grep { $_ eq 'ours' } @heard });
    is("@heard", 'ours', $name);
}

sub quit {
    my ($session) = @_;
    $session->{in} .= "\\q\n";
    $session->{process}->finish;
}

my $key = 0;

sub insert {
    my ($node, $count) = @_;
    my $first = $key + 1;
    $key += $count;
    $node->safe_psql('postgres', "INSERT INTO todo SELECT generate_series($first, $key)");
}

my $listeners = q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 18 AND granted};

sub count_becomes {
    my ($node, $expected, $name) = @_;
    $node->poll_query_until('postgres', "SELECT ($listeners) = $expected");
    is(one_of($node, $listeners), $expected, $name);
}

for my $preload ('bemi', '') {
    my $with = $preload ? '' : ' without shared_preload_libraries';
    my $node = server("listen$preload", "shared_preload_libraries = '$preload'", 'max_prepared_transactions = 2', 'restart_after_crash = on');
    create_todo($node);
    my $early = session($node);
    is(say_to($early, 'SELECT bemi.listen();'), "\n", "before there is a worker$with");
    $node->safe_psql('postgres', 'SELECT bemi.start()');
    insert($node, 3);
    hears_of($early, 3, "it is told what the worker stores$with");
    quit($early);
    count_becomes($node, 0, "and gone when it ends$with");

    my $plain = session($node);
    say_to($plain, 'LISTEN bemi_changes;');
    insert($node, 1);
    hears_nothing($node, $plain, "the worker notifies nobody if nobody has called bemi.listen()$with");

    my $session = session($node);
    say_to($session, 'SELECT bemi.listen();');
    insert($node, 2);
    my @heard;
    wait_until(sub { push @heard, heard($session); grep { /"changes": 2/ } @heard });
    like($heard[-1], qr/^\{"changes": 2, "stored_position": \d+\}$/, "the payload$with");
    my ($position) = $heard[-1] =~ /(\d+)\}/;
    is(say_to($session, "SELECT count(*) FROM bemi.changes WHERE commit_position < $position;"), "6\n", "all before the position is there$with");

    # As LISTEN and UNLISTEN, it is for the transaction to keep or to undo.
    my $told = sub {
        my ($sql, $is_told, $name) = @_;
        say_to($session, "UNLISTEN *; SELECT bemi.listen();");
        say_to($session, $sql);
        count_becomes($node, $is_told ? 1 : 0, "$name$with: " . ($is_told ? 'is there' : 'is gone'));
        heard($session);
        heard($plain);
        insert($node, 1);
        $is_told ? hears_of($session, 1, "$name$with: hears") : hears_nothing($node, $plain, "$name$with: nothing is sent");
        heard($plain);
    };
    $told->('UNLISTEN bemi_changes;', 0, 'UNLISTEN');
    $told->('DISCARD ALL;', 0, 'DISCARD ALL');
    if ($preload) {
        $told->('UNLISTEN *;', 0, 'UNLISTEN *');
        $told->('UNLISTEN another;', 1, 'UNLISTEN of another channel');
        $told->('DISCARD PLANS; RESET ALL;', 1, 'DISCARD PLANS');
        $told->('SELECT pg_advisory_unlock_all();', 1, 'pg_advisory_unlock_all()');
        $told->('BEGIN; UNLISTEN *; ROLLBACK;', 1, 'UNLISTEN that is rolled back');
        $told->('UNLISTEN *; BEGIN; SELECT bemi.listen(); ROLLBACK;', 0, 'listen() that is rolled back');
        $told->('UNLISTEN *; BEGIN; SAVEPOINT a; SELECT bemi.listen(); ROLLBACK TO a; COMMIT;', 0, 'to a savepoint');
        $told->('UNLISTEN *; BEGIN; SAVEPOINT a; SAVEPOINT b; SELECT bemi.listen(); RELEASE b; ROLLBACK TO a; COMMIT;', 0, 'in one that was released');
        $told->('BEGIN; SAVEPOINT a; UNLISTEN *; RELEASE a; SAVEPOINT b; SELECT bemi.listen(); ROLLBACK TO b; COMMIT;', 0, 'what was before the savepoint counts');
        $told->('BEGIN; UNLISTEN *; SELECT bemi.listen(); COMMIT;', 1, 'the last word counts');
        $told->('SET default_transaction_read_only = on; UNLISTEN *; SELECT bemi.listen();', 1, 'a session that only reads');
    }
    say_to($session, 'SELECT bemi.listen();');
    like(say_to($session, q{BEGIN; SELECT bemi.listen(); PREPARE TRANSACTION 'p';}), qr/cannot PREPARE a transaction that has executed LISTEN/,
        "PREPARE TRANSACTION$with");
    count_becomes($node, 1, "which leaves all as it was$with");

    # Many beside each other, and one that is killed.
    my @more = map { session($node) } 1 .. 3;
    say_to($_, 'SELECT bemi.listen(); SELECT bemi.listen();') for @more;
    count_becomes($node, 4, "several may listen$with");
    insert($node, 1);
    hears_of($_, 1, "and each hears$with") for @more;
    my $pid = say_to($more[0], 'SELECT pg_backend_pid();') + 0;
    $node->safe_psql('postgres', "SELECT pg_terminate_backend($pid, 180000)");
    count_becomes($node, 3, "a session that is terminated is gone$with");
    $more[1]->{process}->signal('KILL');
    count_becomes($node, 2, "one whose client was killed too$with");
    quit($more[2]);

    # What the former worker may have kept to itself.
    heard($session);
    is(one_of($node, q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'bemi worker'}), 1, "the worker ends$with");
    $node->safe_psql('postgres', 'SELECT bemi.start()') if !$preload;
    @heard = ();
    wait_until(sub { push @heard, heard($session); grep { /^\{"changes": 0, / } @heard });
    like($heard[0] // '', qr/^\{"changes": 0, /, "the next one tells that it is there$with");

    if ($preload) {
        # Everything that a session sees is either there when it has begun to listen, or it hears of it.
        for my $i (1 .. 20) {
            my $id = 100_000 + $i;
            my $writer = start_client('psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', "INSERT INTO todo VALUES ($id)");
            my $reader = session($node);
            say_to($reader, 'SELECT bemi.listen();');
            my $is_there = sub { say_to($reader, "SELECT count(*) FROM bemi.changes WHERE primary_key = '$id';") =~ /^1$/m };
            $writer->{process}->finish if $i % 2;
            $is_there->() or wait_until(sub { grep { /"changes": [1-9]/ } heard($reader) });
            $writer->{process}->finish if $i % 2 == 0;
            ok($is_there->(), "no change goes unnoticed: $i") if $i % 5 == 0;
            quit($reader);
        }

        # Who has the lock of notifications may wait for long in the commit.
        heard($session);
        $node->safe_psql('postgres', q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'});
        $node->reload;
        my $stuck = start_client('psql', '-X', '-d', $node->connstr('postgres'), '-c', q{SELECT pg_logical_emit_message(true, 'x', 'y'); NOTIFY another});
        $node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'});
        $node->safe_psql('postgres', 'SET synchronous_commit = local; INSERT INTO todo VALUES (200000); SELECT bemi.sync()');
        is(one_of($node, q{SELECT count(*) FROM bemi.changes WHERE primary_key = '200000'}), 1, 'the worker stores on while a commit with NOTIFY hangs');
        is(join(' ', heard($session)), '', 'and tells it later');
        $node->safe_psql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names');
        $node->reload;
        hears_of($session, 1, 'when the lock is free');
        $stuck->{process}->finish;

        # A session that does not read its notifications makes the queue long. PostgreSQL 17 can have a short one.
        my $has_short_queue = one_of($node, q{SELECT count(*) FROM pg_settings WHERE name = 'max_notify_queue_pages'});
        if ($has_short_queue || $ENV{BEMI_LONG}) {
            $node->append_conf('postgresql.conf', 'max_notify_queue_pages = 64') if $has_short_queue;
            quit($session);
            $node->restart;
            $session = session($node);
            say_to($session, 'SELECT bemi.listen();');
            my $sleeps = session($node);
            say_to($sleeps, 'LISTEN another; BEGIN; SELECT 1;');
            my $is_long = 'SELECT pg_notification_queue_usage() >= 0.25';
            my $fill = q{SELECT count(pg_notify('another', rpad(i::text, 7900, '.'))) FROM generate_series(1, } . ($has_short_queue ? 4 : 4000) . ') i';
            $node->safe_psql('postgres', $fill) while one_of($node, $is_long) eq 'f';
            heard($session);
            insert($node, 1);
            hears_nothing($node, $session, 'the worker adds nothing to a long queue');
            is(one_of($node, "SELECT count(*) FROM bemi.changes WHERE primary_key = '$key'"), 1, 'and stores on');
            say_to($sleeps, 'COMMIT;');
            hears_of($session, 1, 'it tells when the queue is short again');
            quit($sleeps);
        }

        # The rows of a baseline are changes as well.
        $node->safe_psql('postgres', 'CREATE TABLE old (id int PRIMARY KEY); INSERT INTO old SELECT generate_series(1, 10); SELECT bemi.track($$old$$)');
        heard($session);
        $node->safe_psql('postgres', q{SELECT bemi.baseline('old')});
        hears_of($session, 10, 'the rows of a baseline');

        # Rights are those to read changes.
        $node->safe_psql('postgres', 'CREATE ROLE auditor LOGIN; CREATE ROLE clerk LOGIN');
        my $refused = qr/^ERROR:  permission denied to listen for stored changes\n.*\nHINT:  GRANT SELECT ON bemi.readable_changes TO clerk;$/m;
        my $clerk = session($node, 'clerk');
        like(say_to($clerk, 'SELECT bemi.listen();'), $refused, 'a role that may read no changes');
        count_becomes($node, 1, 'does not count');
        for my $right ('bemi.readable_changes', 'bemi.changes') {
            $node->safe_psql('postgres', "GRANT SELECT ON $right TO clerk");
            is(say_to($clerk, 'SELECT bemi.listen(); UNLISTEN *;'), "\n", "one that may read $right");
            $node->safe_psql('postgres', "REVOKE SELECT ON $right FROM clerk");
        }
        $node->safe_psql('postgres', 'GRANT SELECT (id, operation) ON bemi.changes TO clerk');
        is(say_to($clerk, 'SELECT bemi.listen();'), "\n", 'or columns of it');
        insert($node, 1);
        hears_of($clerk, 1, 'hears');
        quit($clerk);

        # Another database hears nothing, and a standby cannot.
        $node->backup('base');
        my $standby = PostgreSQL::Test::Cluster->new('listen_standby');
        $standby->init_from_backup($node, 'base', has_streaming => 1);
        $standby->start;
        my $reader = session($standby);
        like(say_to($reader, "\\set VERBOSITY verbose\nSELECT bemi.listen();"),
            qr/ERROR:  25006: bemi.listen\(\) cannot be executed during recovery\nHINT:  Look for new rows of bemi.changes/, 'a standby');
        quit($reader);
        $standby->stop;

        # A backend that is killed takes all sessions with it.
        $pid = say_to($session, 'SELECT pg_backend_pid();') + 0;
        kill 'KILL', $pid;
        eval { $session->{process}->finish };
        wait_for_server($node);
        count_becomes($node, 0, 'after a crash nobody listens');
        change_is_stored($node, 'and the worker stores');
        eval { quit($plain) };
    } else {
        quit($session);
        quit($plain);
    }
    $node->stop;
}

done_testing();
