# Prints the errors of a server's csvlog, a line each: test, SQLSTATE, message. What differs from run to run (numbers,
# names of temporary things) is blanked.
#
#   perl errors.pl regress|isolation < server.csv
#   perl errors.pl --crashes < server.csv
use strict;
use warnings;

my ($suite) = @ARGV;
my %database = (regress => 'regression', isolation => 'isolation_regression');

# A table with triggers is no view in the making; two later statements of that test stumble over the table.
my $allowed = qr/^could\ not\ convert\ table\ "\w+"\ to\ a\ view\ because\ it\ has\ triggers$
    |^"rules_fooview"\ is\ not\ a\ view$ |^relation\ "rules_fooview"\ already\ exists$/x;

# A record may go on for lines: within quotes.
sub next_record {
    my $record = <STDIN> // return;
    while (($record =~ tr/"//) % 2) { $record .= <STDIN> // last }
    chomp $record;
    return map { s/^"(.*)"$/$1/sr =~ s/""/"/gr } $record =~ /\G("[^"]*(?:""[^"]*)*"|[^",]*)(?:,|\z)/g;
}

while (my @field = next_record()) {
    my ($database, $severity, $sqlstate, $message, $application) = @field[ 2, 11, 12, 13, 22 ];
    if ($suite eq '--crashes') {
        print "$message\n" if $severity eq 'PANIC' || $message =~ /was terminated by signal/;
        next;
    }
    next if $severity !~ /^(?:ERROR|FATAL)$/ || $database ne $database{$suite};
    my $test = $application =~ s{^(?:pg_regress|isolation)/([^/]*).*}{$1}r;
    my $text = $message =~ s/\s+/ /gr =~ s/\d+/N/gr;
    next if $text =~ $allowed;
    print "$test: $sqlstate: $text\n";
}
