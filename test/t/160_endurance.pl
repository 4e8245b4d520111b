# Ten million changes through one walsender, of all kinds and with all that it remembers coming and going, take no more
# memory than the first million; nor do they where transactions are streamed.
use strict;
use warnings;
use Bemi;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'takes minutes: set BEMI_LONG' unless $ENV{BEMI_LONG};
plan skip_all => 'AddressSanitizer keeps freed memory' if $ENV{SANITIZE};

my $node = server('main', 'logical_decoding_work_mem = 4MB', 'max_wal_size = 4GB', 'fsync = off');
create_todo($node);
my %options = (plain => 'batch-size=8192', streaming => 'stream=on');
create_slot($node, $_) foreach keys %options;

# 250,000 changes: large and small transactions, contexts, savepoints that are rolled back, tables that come and go.
$node->safe_psql('postgres', q{
    CREATE PROCEDURE work(round int) LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM bemi.set_context(jsonb_build_object('round', round, 'filler', repeat('x', 1000)), true);
        INSERT INTO todo SELECT i, 'task ' || i FROM generate_series(1, 80000) i;
        UPDATE todo SET task = 'done';
        DELETE FROM todo;
        COMMIT;
        FOR i IN 1 .. 100 LOOP
            EXECUTE format('CREATE TABLE t%s (id int, text text)', i);
            PERFORM bemi.set_context(jsonb_build_object('table', i), true);
            BEGIN
                INSERT INTO todo SELECT j, 'rolled back' FROM generate_series(1, 500) j;
                RAISE 'rolled back';
            EXCEPTION WHEN raise_exception THEN
                EXECUTE format('INSERT INTO t%s SELECT j, repeat(%L, 5000) FROM generate_series(1, 100) j', i, i);
            END;
            EXECUTE format('DROP TABLE t%s', i);
            COMMIT;
        END LOOP;
        TRUNCATE todo;
    END
    $$;
});

sub walsender {
    my ($slot) = @_;
    return one_of($node, "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '$slot'");
}

# In kB.
sub memory_of {
    my ($pid) = @_;
    my ($size) = slurp_file("/proc/$pid/status") =~ /RssAnon:\s+(\d+) kB/;
    return $size;
}

# The sizes of each walsender after each of these rounds, in order. A transaction that is just being decoded adds to them.
sub work {
    my ($first, $last) = @_;
    my %sizes;
    for my $round ($first .. $last) {
        $node->safe_psql('postgres', "CALL work($round)");
        wait_until_confirmed($node, $_) foreach keys %options;
        push @{ $sizes{$_} }, memory_of(walsender($_)) foreach keys %options;
    }
    return map { $_ => [ sort { $a <=> $b } @{ $sizes{$_} } ] } keys %sizes;
}

my @clients = map {
    IPC::Run::start([ 'pg_recvlogical', '--slot', $_, '--dbname', $node->connstr('postgres'), '--start', '--no-loop',
            '--status-interval', '1', '--fsync-interval', '1', '--option', $options{$_}, '--file', '-' ], '>', '/dev/null')
} keys %options;
$node->poll_query_until('postgres', 'SELECT bool_and(active) FROM pg_replication_slots') or die 'the clients do not connect';
my %pid = map { $_ => walsender($_) } keys %options;

my %early = work(1, 4);
work(5, 36);
my %late = work(37, 40);
for my $slot (sort keys %options) {
    is(walsender($slot), $pid{$slot}, "$slot: it was one walsender");
    my ($before, $after) = ($early{$slot}[-1], $late{$slot}[0]);
    note("$slot: $before kB in the first million changes, $after kB in the last");
    cmp_ok($after - $before, '<', 1024, "$slot: less than 1 MB more");
}
$_->signal('INT') foreach @clients;
$_->finish foreach @clients;

done_testing();
