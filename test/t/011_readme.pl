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

# The reader takes longer than the worker needs.
my $wait = q{DO $$ BEGIN WHILE (SELECT count(*) < 5 FROM bemi.changes) LOOP COMMIT; PERFORM pg_sleep(0.1); END LOOP; END $$;};
$_->{sql} =~ s/^(?=SELECT .*\n?FROM bemi\.changes)/$wait\n/m for @blocks;

# One session; psql says where a block ends.
my $script = join '', "\\pset footer off\n", map { "$_->{sql}\\echo end of block\n" } @blocks;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 'logical');
$node->start;
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

done_testing();
