# What the tests share: a server with the extension, and what its output plugin sends as Perl values.
package Bemi;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(server create_slot create_todo receive start_client attach wait_for_changes wait_until_confirmed detach
    changes_in news brief assemble in_order one_of ask wait_until wait_for_server start_again kill_process faults_of_processes
    status_becomes change_is_stored commit_prepared);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# A started server with the extension in the database postgres. wal_level is logical unless a setting says otherwise.
sub server {
    my ($name, @settings) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(allows_streaming => 'logical');
    $node->append_conf('postgresql.conf', $_) for @settings;
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION bemi');
    return $node;
}

# A tracked table in the database postgres.
sub create_todo {
    my ($node) = @_;
    $node->safe_psql('postgres', q{
        CREATE TABLE todo (id int PRIMARY KEY, task text);
        SELECT bemi.track('todo');
    });
}

sub create_slot {
    my ($node, $slot, $database) = @_;
    $node->safe_psql($database // 'postgres', "SELECT pg_create_logical_replication_slot('$slot', 'bemi')");
}

# The changes in the plugin's lines. A last one that is not complete does not count.
sub changes_in {
    my ($lines) = @_;
    return map { $json->decode($_) } $lines =~ /(.*)\n/g;
}

# What a walsender sends from the slot up to now. `database` is one of the options, the others are the plugin's.
sub receive {
    my ($node, $slot, %options) = @_;
    my $database = delete $options{database} // 'postgres';
    my $end = $node->safe_psql($database, 'SELECT pg_current_wal_lsn()');
    my $timeout = $PostgreSQL::Test::Utils::timeout_default;
    return changes_in(scalar $node->pg_recvlogical_upto($database, $slot, $end, $timeout, %options));
}

# A client that stays: start_client() runs a command that prints lines, attach() the usual one, and wait_for_changes()
# returns all its changes once there are so many.
sub start_client {
    my @command = @_;
    my $client = { lines => '', errors => '' };
    $client->{process} = IPC::Run::start(\@command, '>', \$client->{lines}, '2>', \$client->{errors},
        $client->{timer} = IPC::Run::timer($PostgreSQL::Test::Utils::timeout_default));
    return $client;
}

sub attach {
    my ($node, $slot) = @_;
    return start_client('pg_recvlogical', '--slot', $slot, '--dbname', $node->connstr('postgres'),
        '--start', '--no-loop', '--status-interval', '1', '--fsync-interval', '1', '--file', '-');
}

sub wait_for_changes {
    my ($client, $count) = @_;
    pump_until($client->{process}, $client->{timer}, \$client->{lines}, qr/\A(?:[^\n]*\n){$count}/)
        or BAIL_OUT("the client did not receive $count changes: $client->{errors}");
    return changes_in($client->{lines});
}

# Waits until the client of the slot has confirmed all there is.
sub wait_until_confirmed {
    my ($node, $slot) = @_;
    my $end = one_of($node, 'SELECT pg_current_wal_lsn()');
    $node->poll_query_until('postgres',
        "SELECT confirmed_flush_lsn >= '$end' FROM pg_replication_slots WHERE slot_name = '$slot'")
        or BAIL_OUT('the client did not confirm everything');
}

# Kills a client; returns all its changes.
sub detach {
    my ($node, $client) = @_;
    $client->{process}->signal('KILL');
    $client->{process}->finish;
    $node->poll_query_until('postgres', 'SELECT NOT bool_or(active) FROM pg_replication_slots');
    return changes_in($client->{lines});
}

# Those that are received for the first time. After a restart a slot may have forgotten what was last confirmed, and sends
# that again.
my %seen;

sub news {
    return grep { !$seen{ $_->{id} }++ } @_;
}

# Changes as short text to compare with: CREATE 7 {"user_id":1}
sub brief {
    return join "\n", map { "$_->{operation} " . ($_->{primary_key} // 'null') . ' ' . $json->encode($_->{context}) } @_;
}

# What a consumer makes of the lines of its sessions, each an array, with the options stream and two-phase: the changes of
# committed transactions and messages, in the order of their arrival, and the lines that are left over.
sub assemble {
    my @sessions = @_;
    my (%pending, %prepared, %seen, @committed);
    for my $session (@sessions) {
        # What was not prepared comes again from its start, or is gone.
        delete @pending{ grep { !$prepared{$_} } keys %pending };
        for my $line (@$session) {
            my ($operation, $transaction) = @$line{qw(operation transaction_id)};
            my $lines = $transaction && ($pending{$transaction} //= []);
            if ($operation eq 'STREAM ABORT') {
                @$lines = grep { defined $_->{sequence} ? $_->{sequence} < $line->{sequence} : $_->{position} <= $line->{position} } @$lines;
            } elsif ($operation eq 'PREPARE') {
                $prepared{$transaction} = 1;
            } elsif ($operation eq 'ROLLBACK PREPARED') {
                @$lines = ();
            } elsif ($operation =~ /^(STREAM COMMIT|COMMIT PREPARED)$/) {
                push @committed, map { { %$_, map { $_ => $line->{$_} } qw(committed_at commit_position) } } @$lines;
                @$lines = ();
            } elsif (!exists $line->{sequence}) {
                next; # BEGIN and its like
            } elsif (defined $line->{commit_position}) {
                push @committed, $line;
            } elsif (defined $line->{sequence}) {
                # A number that comes again replaces what had it, and all that came after that.
                @$lines = ((grep { !defined $_->{sequence} || $_->{sequence} < $line->{sequence} } @$lines), $line);
            } else {
                @$lines = ((grep { defined $_->{sequence} || $_->{position} < $line->{position} } @$lines), $line);
            }
        }
    }
    return [ grep { !$seen{ identity_of($_) }++ } @committed ], [ map { @$_ } values %pending ];
}

# A change is known by its number in its transaction, a message by its position.
sub identity_of {
    my ($line) = @_;
    return join ' ', $line->{commit_position}, defined $line->{sequence} ? "change $line->{sequence}" : "message $line->{position}";
}

sub in_order {
    my @sorted = sort {
        $a->{commit_position} <=> $b->{commit_position} || defined $b->{sequence} <=> defined $a->{sequence}
            || ($a->{sequence} // $a->{position}) <=> ($b->{sequence} // $b->{position})
    } @_;
    return @sorted;
}

# The value of a query that gives one.
sub one_of {
    my ($node, $query, $database) = @_;
    return $node->safe_psql($database // 'postgres', $query);
}

# Its answer, or undef while the server is not there: a client that it turns away is a broken pipe for IPC::Run.
sub ask {
    my ($node, $query) = @_;
    my ($status, $answer) = eval { $node->psql('postgres', $query, timeout => 60) };
    return ($status // 1) == 0 ? $answer : undef;
}

# Whether the condition, which is no query, comes true.
sub wait_until {
    my ($condition) = @_;
    my $end = time + $PostgreSQL::Test::Utils::timeout_default;
    while (time < $end) {
        return 1 if $condition->();
        usleep(50_000);
    }
    return 0;
}

sub wait_for_server {
    my ($node) = @_;
    wait_until(sub { (ask($node, 'SELECT 1') // '') eq '1' }) or BAIL_OUT('the server does not come back');
}

# All processes of a server without postmaster must have gone before it can be started: the node's own start() would take
# the first refusal for the end. `within` is a command that runs the command that follows it.
sub start_again {
    my ($node, @within) = @_;
    wait_until(sub {
        run_log([ @within, 'pg_ctl', '-w', '-D', $node->data_dir, '-l', $node->logfile, '-o', '--cluster-name=' . $node->name, 'start' ])
    }) or BAIL_OUT('the server does not start');
    $node->_update_pid(1);
}

# Kills one process of the type.
sub kill_process {
    my ($node, $type) = @_;
    my $pid = ask($node, "SELECT pid FROM pg_stat_activity WHERE backend_type = '$type' ORDER BY random() LIMIT 1");
    kill 'KILL', $pid if $pid;
}

# What can befall the processes of the server at any moment, by name.
sub faults_of_processes {
    my ($node) = @_;
    return (
        worker => sub { kill_process($node, 'bemi worker') },
        launcher => sub { kill_process($node, 'bemi launcher') },
        terminate => sub { ask($node, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'bemi worker'}) },
        immediate => sub { $node->stop('immediate'); start_again($node) },
        postmaster => sub { $node->kill9; start_again($node) },
    );
}

sub status_becomes {
    my ($node, $condition, $name, $database) = @_;
    ok($node->poll_query_until($database // 'postgres', "SELECT coalesce(bool_or($condition), false) FROM bemi.metrics"), $name)
        or diag(one_of($node, 'SELECT m FROM bemi.metrics m', $database));
}

# Whether a change that is made now is stored with its context: a new row of `todo`, or of the table that is named. Returns
# its key, which no other row of the test has.
my $last_key = 1_000_000;

sub change_is_stored {
    my ($node, $name, %where) = @_;
    my ($database, $table) = ($where{database} // 'postgres', $where{table} // 'todo');
    my $key = ++$last_key;
    $node->safe_psql($database, qq{BEGIN READ WRITE; SET LOCAL bemi.context = '{"key": $key}'; INSERT INTO $table VALUES ($key); COMMIT});
    ok($node->poll_query_until($database, qq{SELECT count(*) = 1 FROM bemi.changes WHERE primary_key = '$key' AND context @> '{"key": $key}'}), $name)
        or diag(one_of($node, 'SELECT m FROM bemi.metrics m', $database));
    return $key;
}

# Those that a server or a client left behind.
sub commit_prepared {
    my ($node) = @_;
    $node->safe_psql('postgres', "COMMIT PREPARED '$_'") for split /\n/, one_of($node, 'SELECT gid FROM pg_prepared_xacts');
}

1;
