# A transaction of a million rows takes no more memory to decode than one of a hundred thousand.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'AddressSanitizer keeps freed memory' if $ENV{SANITIZE};

my $node = server('main', 'logical_decoding_work_mem = 4MB', 'max_wal_size = 1GB');
create_todo($node);
create_slot($node, 's');

# Decodes one transaction with so many rows; returns the greatest size of the walsender, in kB, and the number of lines.
sub decode {
    my ($rows) = @_;
    $node->safe_psql('postgres', qq{
        TRUNCATE todo;
        BEGIN;
        SET LOCAL bemi.context = '{"rows": $rows}';
        INSERT INTO todo SELECT i, 'task ' || i FROM generate_series(1, $rows) AS i;
        COMMIT;
    });
    my $end = one_of($node, 'SELECT pg_current_wal_lsn()');
    my $file = PostgreSQL::Test::Utils::tempdir . '/changes';
    my $client = IPC::Run::start([ 'pg_recvlogical', '--slot', 's', '--dbname', $node->connstr('postgres'), '--start',
            '--no-loop', '--status-interval', '1', '--fsync-interval', '1', '--file', $file ]);
    $node->poll_query_until('postgres', "SELECT confirmed_flush_lsn >= '$end' FROM pg_replication_slots")
        or die 'the client did not get everything';
    my $pid = one_of($node, q{SELECT active_pid FROM pg_replication_slots});
    my ($peak) = slurp_file("/proc/$pid/status") =~ /VmHWM:\s+(\d+) kB/;
    $client->signal('INT');
    $client->finish;
    $node->poll_query_until('postgres', 'SELECT NOT active FROM pg_replication_slots');

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
note("peak: $small_peak kB and $large_peak kB");
cmp_ok($large_peak - $small_peak, '<', 4096, 'ten times the rows take less than 4 MB more');
cmp_ok($large_peak, '<', 65536, 'and no more than 64 MB in all');

done_testing();
