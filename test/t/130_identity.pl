# A change has one identity, and one context, whatever memory decoding has and whether it is streamed: transactions at random, with
# subtransactions in which nothing but a message of somebody else's is written, rolled back or not.
use strict;
use warnings;
use Bemi;
use JSON::PP;
use Test::More;

my $transactions = $ENV{BEMI_LONG} ? 300 : 30;
my $seed = $ENV{BEMI_SEED} // int(rand(1000000));
note("BEMI_SEED=$seed");

my $node = server('main', 'autovacuum = off');
$node->safe_psql('postgres', q{
    CREATE TABLE tracked (id int, expected jsonb, note text);
    CREATE TABLE untracked (id int, note text);
    ALTER TABLE untracked ALTER note SET STORAGE external;
    SELECT bemi.track('tracked');

    CREATE PROCEDURE work(depth int) LANGUAGE plpgsql AS $$
    BEGIN
        FOR i IN 0 .. (random() * 6)::int LOOP
            CASE (random() * 9)::int
            WHEN 0 THEN
                PERFORM bemi.set_context(jsonb_build_object('n', random()), true);
            WHEN 1 THEN
                INSERT INTO tracked VALUES (i, bemi.current_context());
            WHEN 2 THEN
                INSERT INTO tracked SELECT n, bemi.current_context(), repeat('x', 100) FROM generate_series(1, (random() * 300)::int) n;
            WHEN 3 THEN
                INSERT INTO untracked VALUES (i, repeat('y', (random() * 10000)::int));
            WHEN 4, 5 THEN
                PERFORM pg_logical_emit_message(true, 'note', repeat('z', (random() * 200)::int));
            WHEN 6 THEN
                PERFORM set_config('application_name', 'n' || random(), true);
            ELSE
                CONTINUE WHEN depth = 5;
                BEGIN
                    IF random() < 0.4 THEN
                        PERFORM pg_logical_emit_message(true, 'note', repeat('a', (random() * 30000)::int));
                    ELSE
                        CALL work(depth + 1);
                    END IF;
                    IF random() < 0.5 THEN
                        RAISE 'rolled back';
                    END IF;
                EXCEPTION WHEN raise_exception THEN NULL;
                END;
            END CASE;
        END LOOP;
    END
    $$;
});
create_slot($node, 's');
$node->safe_psql('postgres', "
    SET bemi.capture = 'application_name';
    SELECT setseed($seed / 1000000.0);
    " . 'BEGIN; CALL work(0); CALL work(0); CALL work(0); COMMIT;' x $transactions);

sub lines {
    my ($memory, %options) = @_;
    my $options = join '', map { ", '$_', '$options{$_}'" } sort keys %options;
    return changes_in($node->safe_psql('postgres', "SET logical_decoding_work_mem = '$memory';
        SELECT data FROM pg_logical_slot_peek_changes('s', NULL, NULL$options)") . "\n");
}

my $json = JSON::PP->new->canonical->allow_nonref;
my @keys = qw(operation commit_position sequence position after context prefix content);

sub text {
    my ($line) = @_;
    # A message has no fixed place among the changes around it, and so no context either.
    return $json->encode([ map { $_ eq 'context' && $line->{operation} eq 'MESSAGE' ? undef : $line->{$_} } @keys ]);
}

my @plain = in_order(lines('64MB', messages => '*'));
my %ids = map { $_->{id} => 1 } @plain;
is(scalar keys %ids, scalar @plain, 'every line has an id of its own');
my @with_expectation = grep { defined $_->{after}{expected} } grep { exists $_->{after} } @plain;
is((grep { $json->encode($_->{context}) ne $json->encode($_->{after}{expected}) } @with_expectation), 0, 'and every change its context');
cmp_ok(scalar @with_expectation, '>', 10 * $transactions, 'there are many');
cmp_ok(scalar(grep { $_->{operation} eq 'MESSAGE' } @plain), '>', $transactions, 'and messages between them');

my %id_of = map { text($_) => $_->{id} } @plain;
my @expected = map { text($_) } @plain;
for my $memory ('64kB', '128kB', '1MB') {
    my @lines = in_order(lines($memory, messages => '*'));
    is_deeply([ map { text($_) } @lines ], \@expected, "$memory: the same");
    is((grep { $_->{id} ne $id_of{ text($_) } } @lines), 0, "$memory: with the same ids");

    my @streamed = lines($memory, messages => '*', stream => 'on');
    my ($committed, $left) = assemble(\@streamed);
    is_deeply($left, [], "$memory, streamed: nothing is left over");
    my @found = map { text($_) } in_order(@$committed);
    my ($difference) = grep { ($found[$_] // '') ne ($expected[$_] // '') } 0 .. ($#found > $#expected ? $#found : $#expected);
    is(defined $difference ? $found[$difference] : '', defined $difference ? $expected[$difference] : '', "$memory, streamed: the same");
    cmp_ok(scalar(grep { $_->{operation} eq 'STREAM COMMIT' } @streamed), '>', 0, "$memory: much is streamed") if $memory eq '64kB';

    my ($without) = assemble([ lines($memory, stream => 'on') ]);
    is(join("\n", map { text($_) } in_order(@$without)), join("\n", map { text($_) } grep { $_->{operation} ne 'MESSAGE' } @plain),
        "$memory, streamed: and without the messages");
}

done_testing();
