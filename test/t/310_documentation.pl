# Every block of SQL in README.md and docs/ runs, and prints what the document says.
#
# A document runs from top to bottom in one psql session, in a database of its own. Its blocks are:
#   ```sql          run; fails only if the document says so
#   ```sql no-run   not run, because it needs another server, file or password
#   ```text         right after a block of SQL: what that prints
#   <!-- run:       SQL that readers do not see, such as a table for the examples; ends with --> on a line of its own
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $directory = $ENV{TESTDIR};
my @documents = ("$directory/README.md", sort glob "$directory/docs/*.md");

sub blocks_of {
    my ($text) = @_;
    my @blocks;
    my $previous = '';
    while ($text =~ /^ *(?:```(\S[^\n]*)\n(.*?)^ *```|<!-- run:\n(.*?)^-->)$/msg) {
        my ($kind, $content) = ($1 // 'sql', $2 // $3);
        push @blocks, { sql => $content } if $kind eq 'sql';
        $blocks[-1]{output} = $content if $kind eq 'text' && $previous eq 'sql';
        $previous = $kind;
    }
    return @blocks;
}

# What differs from run to run, and the widths of columns that follow from it.
sub comparable {
    my ($output) = @_;
    $output =~ s/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?|Z)?/TIME/g;
    $output =~ s/\b\d\d:\d\d:\d\d(\.\d+)?\b/INTERVAL/g;
    $output =~ s/\b[0-9A-F]+\/[0-9A-F]+\b/LSN/g;
    $output =~ s/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/UUID/g;
    $output =~ s/("(?:transaction_id|position|commit_position)": ?)\d+/$1NUMBER/g;
    $output =~ s/-{2,}/--/g;
    $output =~ s/ +/ /g;
    $output =~ s/^ | $//mg;
    return $output =~ s/\n+\z//r;
}

# What each block prints, errors and notices too.
sub outputs_of {
    my ($node, $database, @blocks) = @_;
    my $script = join '', "\\pset footer off\n", map { "$_->{sql}\n\\echo end of block\n" } @blocks;
    my $output;
    local $ENV{PGAPPNAME} = 'psql';
    IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr($database) ], '<', \$script, '>&', \$output);
    return split /^end of block\n/m, $output, -1;
}

sub check_document {
    my ($node, $path) = @_;
    my ($name) = $path =~ /([^\/]+)$/;
    my $text = slurp_file($path);
    my @blocks = blocks_of($text) or return;
    $node->safe_psql('postgres', 'CREATE DATABASE app');
    $node->safe_psql('app', 'CREATE EXTENSION bemi') unless $text =~ /^CREATE EXTENSION bemi;$/m;

    my @outputs = outputs_of($node, 'app', @blocks);
    is(scalar @outputs, @blocks + 1, "$name: all blocks ran");
    for my $block (@blocks) {
        my $output = shift @outputs;
        my ($title) = $block->{sql} =~ /\s*(.*)/;
        if (defined $block->{output}) {
            is(comparable($output), comparable($block->{output}), "$name prints what it says: $title");
        } else {
            unlike($output, qr/^ERROR: /m, "$name runs: $title");
        }
    }

    $node->safe_psql('postgres', 'DROP DATABASE app');
    $node->safe_psql('postgres', 'ALTER SYSTEM RESET ALL');
    $node->safe_psql('postgres', 'SELECT pg_reload_conf()');
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf', "bemi.sync_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");
$node->start;
cmp_ok(scalar @documents, '>=', 12, 'the documents are here');
check_document($node, $_) for @documents;

# The reference has every setting, every column of what it describes, and the arguments of functions.
my $reference = slurp_file("$directory/docs/reference.md");
$node->safe_psql('postgres', 'CREATE EXTENSION bemi');
for my $setting (split /\n/, one_of($node, q{SELECT name FROM pg_settings WHERE name LIKE 'bemi.%'})) {
    like($reference, qr/^\| `\Q$setting\E` \|/m, "the reference has $setting");
}
while ($reference =~ /^##+ bemi\.(\w+)(\(\))?$(.*?)(?=^##|\z)/msg) {
    my ($name, $is_function, $section) = ($1, $2, $3);
    if ($is_function) {
        my @documented = $section =~ /^`(?:CALL )?bemi\.$name\((.*?)\)(?: →|`)/mg;
        s/ DEFAULT ('[^']*'|[^,]+)//g for @documented;
        my $real = one_of($node, qq{SELECT pg_get_function_identity_arguments(oid) FROM pg_proc
            WHERE pronamespace = 'bemi'::regnamespace AND proname = '$name' ORDER BY 1});
        $real =~ s/\bIN //g;
        $real =~ s/timestamp with time zone/timestamptz/g;
        is(join("\n", sort @documented), join("\n", sort split /\n/, $real), "the reference has the arguments of bemi.$name()");
    } else {
        my @documented = map { /`"?(\w+)"?`/g } $section =~ /^\|([^|]*)\|/mg;
        my $columns = one_of($node, "SELECT attname FROM pg_attribute WHERE attrelid = 'bemi.$name'::regclass AND attnum > 0");
        is("@{[sort @documented]}", "@{[sort split /\n/, $columns]}", "the reference has the columns of bemi.$name");
    }
}

# docs/operations.md has every check of bemi.doctor().
my $operations = slurp_file("$directory/docs/operations.md");
for my $check (split /\n/, one_of($node, 'SELECT DISTINCT "check" FROM bemi.doctor()')) {
    like($operations, qr/^\|[^|]*`\Q$check\E`[^|]*\|/m, "doctor's check $check is described");
}

# The error about an unknown option lists the options of each format, and so do their documents.
create_slot($node, 'options');
for my $format ([ 'bemi', 'output-plugin.md' ], [ 'wal2json', 'wal2json.md' ]) {
    my ($name, $document) = @$format;
    my ($status, $output, $error) = $node->psql('postgres',
        "SELECT pg_logical_slot_peek_changes('options', NULL, NULL, 'format', '$name', 'unknown', '')");
    my ($options) = $error =~ /options are: (.*)\./;
    my $text = slurp_file("$directory/docs/$document");
    my @missing = grep { $text !~ /`\Q$_\E`/ } split /, /, $options;
    is("@missing", '', "$document has all options");
}

# Of the two ways to ask for a context, the one that docs/store.md recommends uses the index.
$node->safe_psql('postgres', q{CREATE TABLE todo (id int PRIMARY KEY); SELECT bemi.track('todo'), bemi.start()});
$node->safe_psql('postgres', 'INSERT INTO todo VALUES (1)');
$node->safe_psql('postgres', 'SELECT bemi.sync()');
for my $condition (q{context @> '{"user_id": 7}'}, q{context->>'user_id' = '7'}) {
    my $plan = one_of($node, "SET enable_seqscan = off; EXPLAIN SELECT FROM bemi.changes WHERE $condition");
    is($plan =~ /_context_idx/ ? 'index' : 'all rows', $condition =~ /@>/ ? 'index' : 'all rows', "what is read for $condition");
}

done_testing();
