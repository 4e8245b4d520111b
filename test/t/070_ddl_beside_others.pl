# DDL of several sessions at once, and bemi.track_each() beside an application: nobody gets an error.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main');

sub start_session {
    my ($script) = @_;
    my $session = { errors => '', out => '' };
    $session->{process} = IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', 'SET client_min_messages = warning', '-f', '-', '-d', $node->connstr('postgres') ],
        '<', \$script, '>', \$session->{out}, '2>', \$session->{errors}, IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default));
    return $session;
}

# Tables that come and go in a tracked schema, and partitions in another one.
$node->safe_psql('postgres', q{
    CREATE SCHEMA a;
    CREATE SCHEMA b;
    SELECT bemi.track_schema('a');
    CREATE TABLE b.p (id int) PARTITION BY RANGE (id);
    CREATE TABLE b.q (id int) PARTITION BY RANGE (id);
    SELECT bemi.track('b.q');
});
my $rounds = 40;
my @sessions = map { start_session($_) } (
    map(qq{DO \$\$ BEGIN FOR i IN 1 .. $rounds LOOP
        CREATE TABLE a.t_$_ (id int); COMMIT;
        CREATE TABLE a.child_$_ () INHERITS (a.t_$_); COMMIT;
        DROP TABLE a.t_$_ CASCADE; COMMIT;
    END LOOP; END \$\$;}, 1, 2),
    qq{DO \$\$ BEGIN FOR i IN 1 .. $rounds LOOP
        CREATE TABLE b.p_1 PARTITION OF b.p FOR VALUES FROM (0) TO (10); COMMIT;
        CREATE TABLE b.q_1 PARTITION OF b.q FOR VALUES FROM (0) TO (10); COMMIT;
        ALTER TABLE b.q DETACH PARTITION b.q_1; COMMIT;
        ALTER TABLE b.p ATTACH PARTITION b.q_1 FOR VALUES FROM (10) TO (20); COMMIT;
        DROP TABLE b.p_1, b.q_1; COMMIT;
    END LOOP; END \$\$;},
    qq{DO \$\$ BEGIN FOR i IN 1 .. $rounds LOOP
        PERFORM count(*) FROM bemi.tracked_tables; COMMIT;
    END LOOP; END \$\$;});
for my $number (0 .. $#sessions) {
    $sessions[$number]{process}->finish;
    is($sessions[$number]{errors}, '', "session $number has no error");
}
is(one_of($node, q{SELECT string_agg(relation::text, ' ') FROM bemi.tracked_tables}), 'b.q', 'nothing is left');

# An application that locks several tables a transaction, always in the opposite order of bemi's.
$node->safe_psql('postgres', q{
    CREATE SCHEMA app;
    DO $$ BEGIN FOR i IN 1 .. 30 LOOP EXECUTE format('CREATE TABLE app.t_%s (id int PRIMARY KEY, n int)', i); EXECUTE format('INSERT INTO app.t_%s VALUES (1, 0)', i); END LOOP; END $$;
    SELECT pg_create_logical_replication_slot('s', 'bemi')});
my $script = $node->basedir . '/application.sql';
append_to_file($script, join "\n", '\set a random(1, 30)', '\set b random(1, :a)', 'BEGIN;', 'UPDATE app.t_:a SET n = n + 1;', 'UPDATE app.t_:b SET n = n + 1;', 'COMMIT;', '');
my $bench = { out => '', errors => '' };
$bench->{process} = IPC::Run::start([ 'pgbench', '-n', '-c', '4', '-T', '1000', '--max-tries=100', '-f', $script, $node->connstr('postgres') ],
    '>', \$bench->{out}, '2>', \$bench->{errors});
$node->poll_query_until('postgres', q{SELECT sum(n_tup_upd) > 100 FROM pg_stat_user_tables WHERE schemaname = 'app'});
my $deadlocks = q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'};

# What a table was in use for too long for is left, and told: one calls the procedure again.
sub call_until {
    my ($call, $done) = @_;
    my ($status, $out, $errors);
    wait_until(sub {
        ($status, $out, $errors) = $node->psql('postgres', $call);
        return 1 if one_of($node, $done) eq 't';
        like($errors, qr/\A(psql:\S+ WARNING:  could not run "SELECT bemi\.\w+\('app\.t_\d+'(, NULL, NULL)?\)"\nDETAIL:  canceling statement due to lock timeout\nHINT:  .*\n?)+\z/,
            "$call tells what is left");
        return 0;
    });
    is($errors, '', "$call beside an application");
}
my $tracked = q{SELECT count(*) = %s AND count(problems) = 0 FROM bemi.tracked_tables WHERE relation::text LIKE 'app.%%' AND by_schema};
call_until(q{CALL bemi.track_each('app')}, sprintf $tracked, 30);
call_until(q{CALL bemi.untrack_each('app')}, sprintf $tracked, 0);
is(one_of($node, $deadlocks), 0, 'there was no deadlock');
is($bench->{errors}, '', 'and the application had no error');
$bench->{process}->kill_kill; # it may not look at an interrupt while it runs

# A table that somebody holds on to: told, and all others are done; then it is free.
my $client = start_client('psql', '-X', '-d', $node->connstr('postgres'), '-c', 'BEGIN', '-c', 'LOCK app.t_7 IN ROW EXCLUSIVE MODE; SELECT pg_sleep(1000)');
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE relation = 'app.t_7'::regclass AND granted});
my ($status, $out, $errors) = $node->psql('postgres', q{CALL bemi.track_each('app', lock_timeout => '20 ms')});
like($errors, qr/WARNING:  could not run "SELECT bemi\.track_by_schema\('app\.t_7'(?:, NULL)+\)"\nDETAIL:  canceling statement due to lock timeout/, 'a table that is locked');
is(one_of($node, q{SELECT relation FROM bemi.tracked_tables WHERE problems IS NOT NULL}), 'app.t_7', 'is the only one that is not tracked');
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LOCK%'});
$client->{process}->finish;
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_locks WHERE relation = 'app.t_7'::regclass});
$node->safe_psql('postgres', q{CALL bemi.track_each('app')});
is(one_of($node, sprintf $tracked, 30), 't', 'and is, later');

done_testing();
