# One transaction of 200,000 rows, or one huge row, takes the worker no more memory than a few do. BEMI_LONG=1 for one of five
# million rows with PostgreSQL's own settings.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'AddressSanitizer keeps freed memory' if $ENV{SANITIZE};

my ($rows, $bound, @settings) = $ENV{BEMI_LONG} ? (5_000_000, 300, 'shared_buffers = 128MB', 'max_wal_size = 4GB')
    : (200_000, 56, 'shared_buffers = 8MB', 'logical_decoding_work_mem = 1MB');
$PostgreSQL::Test::Utils::timeout_default *= 5 if $ENV{BEMI_LONG};
my $node = server('main', @settings);
$node->safe_psql('postgres', q{
    CREATE TABLE bulk (id int PRIMARY KEY, filler text);
    SELECT bemi.track('bulk', level => 'statement'), bemi.start();
});
my $worker = one_of($node, 'SELECT pid FROM bemi.status');

# In MB: `VmHWM` is the most that the process ever had, with what it touched of the server's shared memory, `RssAnon` what it
# has now for itself.
sub memory {
    my ($kind) = @_;
    my ($size) = slurp_file("/proc/$worker/status") =~ /^$kind:\s+(\d+) kB/m;
    return $size / 1024;
}

sub stored {
    my ($count) = @_;
    return $node->poll_query_until('postgres', "SELECT changes_stored = $count AND state = 'caught up' FROM bemi.status");
}

$node->safe_psql('postgres', qq{
    SET bemi.context = '{"user_id": 1}';
    INSERT INTO bulk SELECT i, repeat('x', 200) FROM generate_series(1, $rows) AS i;
});
ok(stored($rows), 'a large transaction');
is(one_of($node, 'SELECT count(DISTINCT sequence), min(sequence), max(sequence), count(DISTINCT commit_position) FROM bemi.changes'),
    "$rows|0|" . ($rows - 1) . '|1', 'is there as a whole');
cmp_ok(memory('VmHWM'), '<', $bound, sprintf 'in bounded memory: %d MB', memory('VmHWM'));

$node->safe_psql('postgres', q{INSERT INTO bulk VALUES (0, repeat('x', 60000000))});
ok(stored($rows + 1), 'a huge row');
cmp_ok(memory('RssAnon'), '<', 32, sprintf 'is forgotten: %d MB', memory('RssAnon'));
is(one_of($node, 'SELECT pid FROM bemi.status'), $worker, 'it was one worker');

done_testing();
