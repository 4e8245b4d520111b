# Transactions that are sent before they are committed, put together, are what is sent after the commit: many sessions at
# once, with savepoints, rollbacks and prepared transactions at random, and clients that are killed and come back.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $transactions = $ENV{BEMI_LONG} ? 1200 : 120;
my $sessions = 6;

my $node = server('main', 'logical_decoding_work_mem = 64kB', 'max_prepared_transactions = 20', 'max_connections = 20',
    q{bemi.capture = 'application_name'});
$node->safe_psql('postgres', q{
    CREATE TABLE ledger (id bigserial PRIMARY KEY, expected jsonb, note text);
    CREATE TABLE ledger_bulk (LIKE ledger INCLUDING ALL);
    CREATE TABLE quiet (id int, note text);
    SELECT bemi.track('ledger'), bemi.track('ledger_bulk', level => 'statement');

    -- Something at random, in which blocks are rolled back that consist of the same.
    CREATE PROCEDURE work(depth int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 0 .. (random() * 5)::int LOOP
            CASE (random() * 7)::int
            WHEN 0 THEN
                PERFORM bemi.set_context(jsonb_build_object('n', random()), true);
            WHEN 1 THEN
                INSERT INTO ledger (expected) VALUES (bemi.current_context());
            WHEN 2 THEN
                INSERT INTO ledger (expected, note)
                SELECT bemi.current_context(), repeat('x', 50) FROM generate_series(1, (random() * 100)::int);
            WHEN 3 THEN
                INSERT INTO ledger_bulk (expected, note)
                SELECT bemi.current_context(), repeat('y', 50) FROM generate_series(1, (random() * 50)::int);
            WHEN 4 THEN
                UPDATE ledger SET expected = bemi.current_context(), note = 'updated' WHERE id = currval('ledger_id_seq');
            WHEN 5 THEN
                PERFORM pg_logical_emit_message(true, 'note', 'at depth ' || depth);
            WHEN 6 THEN
                PERFORM set_config('application_name', 'n ' || random(), true);
            ELSE
                CONTINUE WHEN depth = 5;
                BEGIN
                    CALL work(depth + 1);
                    IF random() < 0.5 THEN
                        RAISE 'rolled back';
                    END IF;
                EXCEPTION WHEN raise_exception THEN
                    INSERT INTO quiet VALUES (depth, 'after a rollback');
                END;
            END CASE;
        END LOOP;
    END
    $$;
});

my $script = $node->basedir . '/transaction.sql';
append_to_file($script, <<'END');
\set ending random(1, 10)
BEGIN;
INSERT INTO ledger (expected) VALUES (bemi.current_context());
CALL work(0);
SAVEPOINT a;
CALL work(0);
SAVEPOINT b;
CALL work(0);
RELEASE b;
CALL work(0);
ROLLBACK TO a;
CALL work(0);
\if :ending <= 2
ROLLBACK;
\elif :ending <= 5
PREPARE TRANSACTION 'p:client_id';
\if :ending = 3
ROLLBACK PREPARED 'p:client_id';
\else
COMMIT PREPARED 'p:client_id';
\endif
\else
COMMIT;
\endif
END

sub start_work {
    my %work = (errors => '');
    $work{process} = IPC::Run::start([ 'pgbench', '-n', '-c', $sessions, '-j', '2', '-t', $transactions / $sessions / 2, '-f', $script,
            $node->connstr('postgres') ], '>', \$work{output}, '2>', \$work{errors});
    return \%work;
}

sub finish_work {
    my ($work) = @_;
    ok($work->{process}->finish, 'the sessions end well') or diag($work->{errors});
}

my %options = (
    stream => { stream => 'on', 'batch-size' => 1000 },
    both => { stream => 'on', 'two-phase' => 'on', transactions => 'on' });
my @slots = sort keys %options;
create_slot($node, $_) foreach 'plain', @slots;

# A client writes to a file of its own: there may be more than a pipe holds while nobody reads.
sub attach_all {
    my ($name) = @_;
    return map {
        my $slot = $_;
        my $file = $node->basedir . "/$slot.$name";
        my %option = (%{ $options{$slot} }, messages => 'note');
        my $process = IPC::Run::start([ 'pg_recvlogical', '--slot', $slot, '--dbname', $node->connstr('postgres'),
                '--start', '--no-loop', '--status-interval', '1', '--fsync-interval', '1', '--file', $file,
                map { ('--option', "$_=$option{$_}") } keys %option ], '2>', \my $errors);
        { process => $process, file => $file }
    } @slots;
}

# What each client received until it was killed.
sub kill_all {
    my @clients = @_;
    $_->{process}->signal('KILL') foreach @clients;
    $_->{process}->finish foreach @clients;
    $node->poll_query_until('postgres', 'SELECT NOT bool_or(active) FROM pg_replication_slots') or die 'a slot stays in use';
    return map { [ changes_in(slurp_file($_->{file})) ] } @clients;
}

# Clients that are there from the start are killed at some time, and come back while other work is being done.
my @clients = attach_all('first');
my $work = start_work();
$node->poll_query_until('postgres', 'SELECT count(*) > 100 FROM ledger') or die 'no work is being done';
my @first = kill_all(@clients);
finish_work($work);
$work = start_work();
@clients = attach_all('second');
finish_work($work);
wait_until_confirmed($node, $_) foreach @slots;
my @second = kill_all(@clients);

my $json = JSON::PP->new->canonical;
sub texts {
    # A message has no fixed place among the changes around it, and so no context either.
    return map { delete $_->{id}; delete $_->{context} if $_->{operation} eq 'MESSAGE'; $json->encode($_) } in_order(@_);
}

my @plain = receive($node, 'plain', messages => 'note');
my @with_expectation = grep { exists $_->{after}{expected} } map { { after => {}, %$_ } } @plain;
my @wrong = grep { $json->encode($_->{context}) ne $json->encode($_->{after}{expected}) } @with_expectation;
is(scalar @wrong, 0, 'every change has its own context');
cmp_ok(scalar @with_expectation, '>', 10 * $transactions, 'and there are many');

my @expected = texts(@plain);
for my $i (0 .. $#slots) {
    my %count;
    $count{ $_->{operation} }++ for map { @$_ } $first[$i], $second[$i];
    my ($committed, $left) = assemble($first[$i], $second[$i]);
    is_deeply($left, [], "$slots[$i]: nothing is left over");
    my @found = texts(@$committed);
    is(scalar @found, scalar @expected, "$slots[$i]: no change is missing, none comes twice");
    my ($difference) = grep { $found[$_] ne $expected[$_] } 0 .. ($#found < $#expected ? $#found : $#expected);
    is(defined $difference ? $found[$difference] : '', defined $difference ? $expected[$difference] : '',
        "$slots[$i]: every change is the same, with the same number");
    note("$slots[$i]: " . $json->encode(\%count));
    cmp_ok($count{'STREAM ABORT'}, '>', $transactions / 10, "$slots[$i]: much was taken back");
    cmp_ok($count{'STREAM COMMIT'}, '>', $transactions / 10, "$slots[$i]: much was sent before it was committed");
}

done_testing();
