# A transaction of a million rows takes no more memory to decode than one of a hundred thousand, and hardly more than
# pgoutput takes.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'AddressSanitizer keeps freed memory' if $ENV{SANITIZE};

my $node = server('main', 'logical_decoding_work_mem = 4MB', 'max_wal_size = 1GB');
create_todo($node);
create_slot($node, 's');

$node->safe_psql('postgres', q{
    CREATE PUBLICATION todo FOR TABLE todo;
    SELECT pg_create_logical_replication_slot('pgoutput', 'pgoutput');
});

# Has a client read all that the slot has; returns the greatest size of its walsender, in kB.
sub peak {
    my ($slot, $file, @options) = @_;
    my $end = one_of($node, 'SELECT pg_current_wal_lsn()');
    my $client = IPC::Run::start([ 'pg_recvlogical', '--slot', $slot, '--dbname', $node->connstr('postgres'), '--start',
            '--no-loop', '--status-interval', '1', '--fsync-interval', '1', '--file', $file, map { ('-o', $_) } @options ]);
    my $is_slot = "FROM pg_replication_slots WHERE slot_name = '$slot'";
    $node->poll_query_until('postgres', "SELECT confirmed_flush_lsn >= '$end' $is_slot")
        or die 'the client did not get everything';
    my $pid = one_of($node, "SELECT active_pid $is_slot");
    my ($peak) = slurp_file("/proc/$pid/status") =~ /VmHWM:\s+(\d+) kB/;
    $client->signal('INT');
    $client->finish;
    $node->poll_query_until('postgres', "SELECT NOT active $is_slot");
    return $peak;
}

# Decodes one transaction with so many rows; returns the peak and the number of lines.
sub decode {
    my ($rows) = @_;
    $node->safe_psql('postgres', qq{
        TRUNCATE todo;
        BEGIN;
        SET LOCAL bemi.context = '{"rows": $rows}';
        INSERT INTO todo SELECT i, 'task ' || i FROM generate_series(1, $rows) AS i;
        COMMIT;
    });
    my $file = PostgreSQL::Test::Utils::tempdir . '/changes';
    my $peak = peak('s', $file);

    my $lines = 0;
    open my $changes, '<', $file or die $!;
    while (<$changes>) {
        $lines++ if /"context":\{"rows": $rows\}/;
    }
    return ($peak, $lines);
}

my ($small_peak, $small_lines) = decode(100_000);
my ($large_peak, $large_lines) = decode(1_000_000);
is($small_lines, 100_000, 'every row of 100,000 has its context');
is($large_lines, 1_000_000, 'every row of 1,000,000 has its context');
my $pgoutput_peak = peak('pgoutput', '/dev/null', 'proto_version=1', 'publication_names=todo');
note("peak: $small_peak kB and $large_peak kB; pgoutput: $pgoutput_peak kB");
cmp_ok($large_peak - $small_peak, '<', 4096, 'ten times the rows take less than 4 MB more');
cmp_ok($large_peak - $pgoutput_peak, '<', 20480, 'and less than 20 MB more than pgoutput');

done_testing();
