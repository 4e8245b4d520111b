# A change whose JSON would be larger than 1 GB is an error that says where it is and how to go on, and that is how.
use strict;
use warnings;
use Bemi;
use Test::More;

plan skip_all => 'takes gigabytes of memory: set BEMI_LONG' unless $ENV{BEMI_LONG};

my $node = server('main', 'logical_decoding_work_mem = 64kB');

# In this encoding JSON is also turned into ASCII, which is what gets too large.
$node->safe_psql('postgres', q{CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});

my %character = (postgres => 1, latin1 => 233);
for my $database (sort keys %character) {
    my $slot = "large_$database";
    $node->safe_psql($database, 'CREATE TABLE large (id int PRIMARY KEY, text text); CREATE TABLE small (id int PRIMARY KEY)');
    create_slot($node, $slot, $database);
    $node->safe_psql($database, qq{
        INSERT INTO small VALUES (1);
        BEGIN;
        INSERT INTO small VALUES (2);
        INSERT INTO large VALUES (1, repeat(chr($character{$database}), 180000000));
        COMMIT;
        INSERT INTO small VALUES (3);
    });

    my $keys = sub {
        my ($function, @options) = @_;
        my $arguments = join ', ', "'$slot'", 'NULL', 'NULL', map { "'$_'" } @options;
        my ($status, $out, $errors) = $node->psql($database, qq{
            SELECT string_agg(data::json->>'primary_key', ' ') FROM pg_logical_slot_${function}_changes($arguments)});
        return $status == 0 ? $out : $errors;
    };

    my $error = $keys->('peek');
    like($error, qr/ERROR:  change of table "public.large" is larger than 1 GB as JSON\n/, "$database: the error names the table");
    like($error, qr/DETAIL:  It is at LSN [0-9A-F\/]+, in the transaction that ends at ([0-9A-F\/]+)\./, "$database: and its place");
    like($error, qr/HINT:  Leave it out with the plugin's option "exclude-tables", or skip the whole transaction with (SELECT .*)\.\n/,
        "$database: and what to do");
    my ($skip) = $error =~ /with (SELECT .*)\.\n/;

    my $streamed = $keys->('peek', stream => 'on');
    like($streamed, qr/larger than 1 GB .*\nDETAIL:  It is at LSN [0-9A-F\/]+, in a transaction that is in progress\.\nHINT:  Leave it out with the plugin's option "exclude-tables"\.\n/,
        "$database: the same before the commit");

    is($keys->('peek', 'exclude-tables' => 'public.large'), '1 2 3', "$database: it can be left out");
    $node->safe_psql($database, $skip);
    is($keys->('get'), '3', "$database: or the transaction be skipped");
    $node->safe_psql($database, "SELECT pg_drop_replication_slot('$slot')");
}

done_testing();
