# A forged claim of 200 MB: it takes the worker no more than the copies that PostgreSQL's reader makes of a record, names nobody,
# and the changes of others are stored.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'AddressSanitizer keeps freed memory' if $ENV{SANITIZE};
plan skip_all => 'needs /proc' if !-e '/proc/self/status';

my $node = server('main', 'shared_buffers = 8MB', 'logical_decoding_work_mem = 64kB', 'max_wal_size = 2GB');
create_todo($node);
$node->safe_psql('postgres', q{SELECT bemi.start(); SELECT bemi.sync('180 s')});
my $worker = one_of($node, 'SELECT pid FROM bemi.metrics');

# In MB; `VmHWM` is the most that the process ever had.
sub memory {
    my ($kind) = @_;
    my ($size) = slurp_file("/proc/$worker/status") =~ /^$kind:\s+(\d+) kB/m;
    return $size / 1024;
}

my $size = 200;
$node->safe_psql('postgres', qq{
    BEGIN;
    SET LOCAL bemi.context = '{"user_id": 7}';
    INSERT INTO todo VALUES (1);
    SELECT pg_logical_emit_message(true, '_bemi', '{"user_id": 8, "x": "' || repeat('x', $size * 1000000) || '"}');
    INSERT INTO todo VALUES (2);
    COMMIT;
    INSERT INTO todo VALUES (3) /*Bemi {"user_id": 3} Bemi*/;
});
$node->safe_psql('postgres', q{SELECT bemi.sync('180 s')});
is(one_of($node, q{SELECT string_agg(primary_key || ' ' || context, ', ' ORDER BY commit_position, sequence) FROM bemi.changes}),
    '1 {"user_id": 7}, 2 {}, 3 {"user_id": 3}', 'the changes before and after it are stored, without a wrong name');
is(one_of($node, 'SELECT count(*) FROM bemi.errors'), 0, 'without an error');
is(one_of($node, 'SELECT pid FROM bemi.metrics'), $worker, 'by the same worker');
# PostgreSQL's reader assembles the record from its pages, then decodes a copy of it; a queued one would be a third.
cmp_ok(memory('VmHWM'), '<', 2 * $size + 56, sprintf 'in memory for what PostgreSQL has to read: %d MB', memory('VmHWM'));
# It would keep half of that for as long as it lives, so it hands over to another process, within a minute or at a reload.
$node->reload;
status_becomes($node, "state = 'caught up' AND pid <> $worker AND attempts = 0", 'another process goes on');
$worker = one_of($node, 'SELECT pid FROM bemi.metrics');
cmp_ok(memory('VmHWM'), '<', 56, sprintf 'with little memory: %d MB', memory('VmHWM'));
done_testing();
