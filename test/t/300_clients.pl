# Real clients: each receives changes with their contexts, is cut off, and goes on where it stopped.
#
# They are test/clients/*/client: called with a slot they print each line and acknowledge it after that; with --no-ack
# they do not acknowledge.
use strict;
use warnings;
use Bemi;
use File::Basename;
use PostgreSQL::Test::Utils;
use Test::More;

# They connect over TCP, as JDBC knows nothing else. So could everybody on this machine, hence the password.
my $password = join '', map { sprintf '%x', rand 16 } 1 .. 32;
my $node = server('main');
create_todo($node);
$node->safe_psql('postgres', qq{
    CREATE ROLE client LOGIN REPLICATION PASSWORD '$password';
    GRANT CREATE ON DATABASE postgres TO client; -- lds keeps a table of its slots
});
unlink $node->data_dir . '/pg_hba.conf';
$node->append_conf('pg_hba.conf', "local all all trust\nhost all client 127.0.0.1/32 scram-sha-256");
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'");
$node->restart;

sub start {
    my ($program, @arguments) = @_;
    local @ENV{qw(PGHOST PGPORT PGUSER PGPASSWORD)} = ('127.0.0.1', $node->port, 'client', $password);
    return start_client($program, 's', @arguments);
}

# What lds announces, with the context that its client adds, as the plugin's own line.
my %operation = (insertC => 'CREATE', update => 'UPDATE', delete => 'DELETE');

sub from_lds {
    my ($announcement, $context) = @{$_[0]}{qw(announcement context)};
    my $key = $announcement->{keys} ? $announcement->{keys}[0] : $announcement->{data}{id};
    return { operation => $operation{ $announcement->{_} }, primary_key => $key, context => $context };
}

sub summary {
    return brief(map { $_->{announcement} ? from_lds($_) : $_ } @_);
}

for my $program (glob "$ENV{TESTDIR}/test/clients/*/client") {
    my $name = basename(dirname($program));
    create_slot($node, 's');

    my $client = start($program);
    $node->safe_psql('postgres', q{
        SET bemi.context = '{"user_id": 1}';
        BEGIN;
        INSERT INTO todo VALUES (1, 'Sleep');
        UPDATE todo SET task = 'Nap' /*Bemi {"endpoint": "/todo"} Bemi*/;
        SAVEPOINT before;
        SET LOCAL bemi.context = '{"user_id": 2}';
        INSERT INTO todo VALUES (2, 'Undone');
        ROLLBACK TO before;
        INSERT INTO todo VALUES (3, 'Eat');
        COMMIT;
        RESET bemi.context;
        DELETE FROM todo WHERE id = 1;
        DELETE FROM todo /*Bemi {"user_id": 2} Bemi*/;
        TRUNCATE todo /*Bemi {"user_id": 3} Bemi*/;
    });
    my $expected = <<'END';
CREATE 1 {"user_id":1}
UPDATE 1 {"endpoint":"/todo","user_id":1}
CREATE 3 {"user_id":1}
DELETE 1 {}
DELETE 3 {"user_id":2}
TRUNCATE null {"user_id":3}
END
    $expected =~ s/^TRUNCATE.*\n//m if $name eq 'lds'; # wal2json's first version, which it reads, has none
    is(summary(wait_for_changes($client, $expected =~ tr/\n//)) . "\n", $expected, "$name: changes arrive with their contexts");

    # The server cuts it off when it has acknowledged these. It comes back, and dies before it acknowledges the next.
    wait_until_confirmed($node, 's');
    $node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'client'});
    detach($node, $client);
    $node->safe_psql('postgres', q{
        SET bemi.context = '{"user_id": 4}';
        INSERT INTO todo VALUES (4, 'While away'), (5, 'While away');
    });
    $client = start($program, '--no-ack');
    is(summary(wait_for_changes($client, 2)), <<'END' =~ s/\n\z//r, "$name: after a cut connection, the rest");
CREATE 4 {"user_id":4}
CREATE 5 {"user_id":4}
END
    detach($node, $client);

    # To lds, receiving is acknowledging; the others receive the same lines again.
    my $repeated = $name eq 'lds' ? '' : $client->{lines};
    $node->safe_psql('postgres', q{INSERT INTO todo VALUES (6, 'While dead') /*Bemi {"user_id": 6} Bemi*/});
    $client = start($program);
    wait_for_changes($client, 1 + ($repeated =~ tr/\n//));
    wait_until_confirmed($node, 's');
    detach($node, $client);
    ok($client->{lines} =~ s/\A\Q$repeated\E//, "$name: what was not acknowledged comes again, as the same lines");
    is(summary(changes_in($client->{lines})), 'CREATE 6 {"user_id":6}', "$name: after that, what is new");
    my $left = q{SELECT count(*) FROM pg_logical_slot_peek_changes('s', NULL, NULL, 'include-tables', 'public.*')};
    is(one_of($node, $left), 0, "$name: nothing comes after it was acknowledged");

    $node->safe_psql('postgres', 'TRUNCATE todo');
    $node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('s')});
}

done_testing();
