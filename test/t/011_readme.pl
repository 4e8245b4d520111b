# The README's tour runs as it stands there, and prints what it says.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

# Its blocks of SQL, each with the output that follows it, if the README shows that.
sub blocks {
    my ($text) = @_;
    my @blocks;
    while ($text =~ /^```(sql|text)\n(.*?)^```$/msg) {
        if ($1 eq 'sql') { push @blocks, { sql => $2 } }
        else { $blocks[-1]{output} = $2 }
    }
    return @blocks;
}

my $readme = slurp_file("$ENV{TESTDIR}/README.md");
my ($tour) = $readme =~ /^## A five-minute tour$(.*?)^## /ms;
my @blocks = blocks($tour);
cmp_ok(scalar @blocks, '>', 3, 'the tour was found');

# One session; psql says where a block ends.
my $script = join '', "\\pset footer off\n", map { "$_->{sql}\\echo end of block\n" } @blocks;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION bemi'); # the last step of the installation
my ($status, $output, $errors);
IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres') ],
    '<', \$script, '>', \$output, '2>', \$errors);
is($errors, '', 'no command fails');
my @outputs = split /^end of block\n/m, $output;
is(scalar @outputs, scalar @blocks, 'all blocks ran');
for my $i (0 .. $#blocks) {
    next unless defined $blocks[$i]{output};
    is($outputs[$i], "$blocks[$i]{output}\n", "the output of: $blocks[$i]{sql}");
}

# The JSON of a comment with what would end it, or open another one.
$node->safe_psql('postgres', q{CREATE TABLE star (id int); SELECT bemi.track('star'), bemi.start()});
is(one_of($node, q{INSERT INTO star VALUES (1) /*Bemi {"glob": "\u002a/\u002a"} Bemi*/ RETURNING bemi.current_context()}), '{"glob": "*/*"}', 'a star is \u002a');

# What the README has an auditor granted is enough, and its index is used.
$node->safe_psql('postgres', 'CREATE ROLE auditor LOGIN; GRANT SELECT ON bemi.changes, bemi.errors, bemi.gaps, bemi.status TO auditor; SELECT bemi.sync()');
my ($granted) = $readme =~ /^(GRANT SELECT ON bemi\.changes.* TO auditor;)$/m;
is($granted, 'GRANT SELECT ON bemi.changes, bemi.errors, bemi.gaps, bemi.status TO auditor;', 'the GRANT');
is(one_of($node, q{SET ROLE auditor; SELECT count(*) FROM bemi.changes WHERE context @> '{"glob": "*/*"}'}), 1, 'the auditor reads it');
is(one_of($node, q{SET ROLE auditor; SELECT state FROM bemi.status}), 'caught up', 'and the status');
like(one_of($node, q{SET enable_seqscan = off; EXPLAIN SELECT FROM bemi.changes WHERE context @> '{"user_id": 7}'}), qr/context/, 'context @>');

done_testing();
