# bemi.mark(): what was committed before the call is before the mark, what is committed after it has returned is after it.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('marks');
$node->safe_psql('postgres', q{
    CREATE TABLE event (name text PRIMARY KEY, v int);
    CREATE TABLE load (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);
    SELECT bemi.track('event'), bemi.track('load');
    SELECT bemi.start();
});

# Whether the changes named so are before the mark.
sub before_mark {
    my ($mark, $names) = @_;
    return one_of($node, qq{SELECT string_agg((c.commit_position <= m.position)::text, ' ' ORDER BY c.commit_position, c.sequence)
        FROM bemi.changes c, bemi.marks m WHERE m.name = '$mark' AND c."table" = 'event' AND c.primary_key LIKE '$names'});
}

# In a session of its own, while others commit all the time: pgbench has no more to do than that.
my $script = $node->basedir . '/load.sql';
append_to_file($script, "INSERT INTO load (v) VALUES (1);\n");
my $load = IPC::Run::start([ 'pgbench', '-n', '-c', '3', '-T', '180', '-f', $script, $node->connstr('postgres') ], '>', \my $out, '2>', \my $err);
$node->poll_query_until('postgres', 'SELECT count(*) > 100 FROM load') or BAIL_OUT('no load');
$node->safe_psql('postgres', join ";\n", map { ("INSERT INTO event VALUES ('before $_', 0)", "SELECT bemi.mark('mark $_')", "INSERT INTO event VALUES ('later $_', 0)") } 1 .. 100);
$load->signal('TERM');
$load->finish;
is(one_of($node, q{SELECT bemi.sync() IS NOT NULL}), 't', 'all is stored');
is(one_of($node, q{
    SELECT count(*), count(*) FILTER (WHERE b.commit_position <= m.position AND l.commit_position > m.position)
    FROM bemi.marks m
    JOIN bemi.changes b ON b."table" = 'event' AND b.primary_key = replace(m.name, 'mark', 'before')
    JOIN bemi.changes l ON l."table" = 'event' AND l.primary_key = replace(m.name, 'mark', 'later')}), '100|100', 'a hundred marks under load');
is(one_of($node, q{SELECT count(*) FROM bemi.marks m WHERE NOT EXISTS (
    SELECT FROM bemi.changes c WHERE c.commit_position <= m.position AND c."table" = 'event' AND c.primary_key = replace(m.name, 'mark', 'before'))}), 0, 'each has its past');

# The own transaction is committed later.
$node->safe_psql('postgres', q{
    BEGIN;
    INSERT INTO event VALUES ('own 1', 0);
    SELECT bemi.mark('own');
    INSERT INTO event VALUES ('own 2', 0);
    COMMIT;
    SELECT bemi.sync();
});
is(before_mark('own', 'own%'), 'false false', 'all of the own transaction is after the mark');

# A transaction that is prepared when the mark is made, and one that is open
my $holder = start_client('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-c', q{SELECT 'held' FROM pg_advisory_lock(1)}, '-c', 'SELECT pg_sleep(1000)');
pump_until($holder->{process}, $holder->{timer}, \$holder->{lines}, qr/held/);
my $open = start_client('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-c', 'BEGIN', '-c', "INSERT INTO event VALUES ('open', 0)",
    '-c', "SELECT 'written'", '-c', 'SELECT pg_advisory_lock(1)', '-c', 'COMMIT');
pump_until($open->{process}, $open->{timer}, \$open->{lines}, qr/written/);
$node->safe_psql('postgres', q{BEGIN; INSERT INTO event VALUES ('prepared', 0); PREPARE TRANSACTION 'p'}) if one_of($node, 'SHOW max_prepared_transactions') > 0;
$node->safe_psql('postgres', q{SELECT bemi.mark('others are at work')});
commit_prepared($node);
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(1000)%'});
$holder->{process}->finish;
$open->{process}->finish;
$node->safe_psql('postgres', 'SELECT bemi.sync()');
is(before_mark('others are at work', 'open') . before_mark('others are at work', 'prepared'), 'falsefalse', 'what others commit later is after it');

# Two at once
my $first = start_client('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-c', 'BEGIN', '-c', q{SELECT 'made' FROM bemi.mark('twice')}, '-c', 'SELECT pg_sleep(1000)');
pump_until($first->{process}, $first->{timer}, \$first->{lines}, qr/made/);
my $second = start_client('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-c', q{SELECT 'made' FROM bemi.mark('twice')});
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%twice%'});
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1000)'});
$_->{process}->finish for $first, $second;
is($second->{lines}, "made\n", 'a mark that is not committed does not count');

done_testing();
