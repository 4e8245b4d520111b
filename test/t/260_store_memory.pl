# One transaction of 200,000 rows, one huge row, or a large context, takes the worker no more memory than a few do. BEMI_LONG=1 for one of five
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
my $worker = one_of($node, 'SELECT pid FROM bemi.metrics');

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

# A context is in a batch once, however many changes have it. What the table stores has it with each.
sub temporary_files {
    $node->poll_query_until('postgres', q{SELECT state = 'caught up' FROM bemi.status});
    return one_of($node, q{SELECT pg_stat_force_next_flush(), temp_bytes / 1048576 FROM pg_stat_database WHERE datname = current_database()}) =~ s/.*\|//r;
}

my $files = temporary_files();
$node->safe_psql('postgres', q{
    CREATE TABLE few (id int PRIMARY KEY);
    ALTER TABLE few REPLICA IDENTITY FULL;
    SELECT bemi.track('few');
    BEGIN;
    SELECT set_config('bemi.context', json_build_object('note', repeat('x', 960000))::text, true);
    INSERT INTO few SELECT generate_series(1, 250);
    SAVEPOINT s;
    SET LOCAL bemi.context = '{"another": 1}';
    INSERT INTO few VALUES (0);
    ROLLBACK TO s;
    INSERT INTO few SELECT generate_series(251, 300);
    COMMIT;
});
ok(stored($rows + 1 + 300), 'hundreds of changes with a large context');
cmp_ok(temporary_files() - $files, '<', 20, sprintf 'in temporary files of %d MB', temporary_files() - $files);
is(one_of($node, q{SELECT count(*), min(length(context ->> 'note')), max(length(context ->> 'note')) FROM bemi.changes WHERE "table" = 'few'}),
    '300|960000|960000', 'have it all');
cmp_ok(memory('VmHWM'), '<', 700, sprintf 'in bounded memory: %d MB', memory('VmHWM'));

# 20 MB of JSON in a row, of which one character or none makes it no jsonb.
$node->safe_psql('postgres', q{CREATE TABLE doc (id int PRIMARY KEY, body json); SELECT bemi.track('doc')});
for my $value ('"text"', '"\u0000"') {
    $node->safe_psql('postgres', qq{
        INSERT INTO doc SELECT count(*), (SELECT json_agg(json_build_object('number', i, 'text', md5(i::text), 'value', '$value'::json))
            FROM generate_series(1, 250000) AS i) FROM doc});
}
ok(stored($rows + 303), '20 MB of JSON in a row');
is(one_of($node, q{SELECT string_agg(stored_as, ' ') FROM bemi.errors}), 'after."body" as text', 'or in a string');
is(one_of($node, q{SELECT bool_and(regexp_replace(c.after ->> 'body', '\s', '', 'g')::jsonb = d.body::jsonb) FROM bemi.changes c JOIN doc d ON d.id = c.primary_key::int
        WHERE c."table" = 'doc' AND d.id = 0}), 't', 'are stored');
cmp_ok(memory('VmHWM'), '<', 1000, sprintf 'in bounded memory: %d MB', memory('VmHWM'));
my $kept = memory('RssAnon');
$node->safe_psql('postgres', 'INSERT INTO doc SELECT id + 2, body FROM doc');
ok(stored($rows + 305), 'more of that');
cmp_ok(memory('RssAnon') - $kept, '<', 32, sprintf 'does not take more: %d MB', memory('RssAnon') - $kept);
is(one_of($node, 'SELECT pid FROM bemi.metrics'), $worker, 'it was one worker');

done_testing();
