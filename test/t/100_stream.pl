# A replication client sees each change with its context as it is committed, and goes on where it stopped.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main');
create_todo($node);
create_slot($node, 's');

# While it is attached.
my $client = attach($node, 's');
$node->safe_psql('postgres', q{
    SET bemi.context = '{"user_id": 1}';
    INSERT INTO todo VALUES (1, 'Sleep');
    UPDATE todo SET task = 'Nap' /*Bemi {"endpoint": "/todo"} Bemi*/;
});
is(brief(wait_for_changes($client, 2)), <<'END' =~ s/\n\z//r, 'changes arrive with their contexts');
CREATE 1 {"user_id":1}
UPDATE 1 {"endpoint":"/todo","user_id":1}
END

$node->safe_psql('postgres', q{
    BEGIN;
    SET LOCAL bemi.context = '{"user_id": 2}';
    INSERT INTO todo VALUES (2, 'Rolled back');
    ROLLBACK;
    BEGIN;
    SET LOCAL bemi.context = '{"user_id": 3}';
    COMMIT;
    INSERT INTO todo VALUES (3, 'No context');
});
is(brief((wait_for_changes($client, 3))[2]), 'CREATE 3 {}', 'nothing comes of what was rolled back or empty');

# It goes away after it has confirmed what it received: nothing is lost, nothing comes twice.
wait_until_confirmed($node, 's');
my @seen = detach($node, $client);
$node->safe_psql('postgres', q{
    SET bemi.context = '{"user_id": 4}';
    INSERT INTO todo SELECT i, 'While away' FROM generate_series(4, 6) AS i;
});
push @seen, receive($node, 's');
is(join(' ', map { $_->{primary_key} } @seen), '1 1 3 4 5 6', 'a client that comes back gets the rest');
is(brief(receive($node, 's')), '', 'and then nothing more');

# It goes away before: what it had not confirmed comes again, as the same changes.
$client = attach($node, 's');
$node->safe_psql('postgres', q{INSERT INTO todo SELECT i, 'Killed' FROM generate_series(7, 106) AS i});
wait_for_changes($client, 1);
my @before_kill = detach($node, $client);
my %by_id = map { $_->{id} => $_ } @before_kill, receive($node, 's');
is(join(' ', sort { $a <=> $b } map { $_->{primary_key} } values %by_id), join(' ', 7 .. 106),
    'what was not confirmed comes again, with the same ids');

# Options.
sub fails_like {
    my ($option, $expected, $name) = @_;
    my ($status, $lines, $errors) = $node->pg_recvlogical_upto('postgres', 's', '0/0', 60, @$option);
    isnt($status, 0, "$name: refused");
    like($errors, $expected, "$name: says why");
}

fails_like([ colour => 'red' ], qr/unrecognized option "colour" .*\n.*Valid options are: .*include-tables/,
    'unknown option');
fails_like([ operations => 'upsert' ], qr/invalid value for option "operations": "upsert"\n.*"create", "update", "delete"/,
    'bad value');

$node->safe_psql('postgres', q{
    CREATE TABLE other (id int PRIMARY KEY);
    INSERT INTO other VALUES (1);
    DELETE FROM todo WHERE id = 1;
    INSERT INTO todo VALUES (1, 'Again');
});
my @lines = receive($node, 's', 'include-tables' => 'public.todo', operations => 'delete', transactions => 'on');
is(join(' ', map { $_->{operation} } @lines), 'BEGIN DELETE COMMIT', 'options choose what comes');

# A role that is no superuser.
$node->safe_psql('postgres', q{
    CREATE ROLE reader LOGIN REPLICATION;
    INSERT INTO todo VALUES (200, 'For the reader');
});
my $end = one_of($node, 'SELECT pg_current_wal_lsn()');
my ($out, $err);
IPC::Run::run([ 'pg_recvlogical', '--dbname', $node->connstr('postgres') . ' user=reader', '--slot', 's', '--start',
        '--no-loop', '--endpos', $end, '--file', '-' ], '>', \$out, '2>', \$err);
is(brief(changes_in($out)), 'CREATE 200 {}', 'REPLICATION is privilege enough to read') or diag($err);

done_testing();
