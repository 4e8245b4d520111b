# bemi.revert() and what the table demands: unique values that move along, unique indexes of all kinds, exclusion constraints, rules, and
# actions of foreign keys.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', "bemi.sync_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");

# The transactions here have numbers of more than 32 bits.
$node->stop;
PostgreSQL::Test::Utils::system_or_bail('pg_resetwal', '--epoch=1', '-D', $node->data_dir);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION btree_gist; SELECT bemi.start()');

# The rows that revert() returns, in short, or its error with SQLSTATE, detail and hint.
sub revert {
    my ($arguments, $before) = @_;
    my ($status, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\n" . ($before // '') . qq{;
        SELECT concat_ws(' ', key, action, array_to_string(columns, ','), status, conflict) FROM bemi.revert($arguments) r});
    $errors =~ s/^psql:<stdin>:\d+: //mg;
    $errors =~ s/^(LOCATION|CONTEXT|SQL |PL\/pgSQL |LINE |\s*\^).*\n?//mg;
    chomp $errors;
    return join "\n", grep { length } $out, $errors;
}

my $number = 0;

# Makes changes, takes them back, and looks whether the table is as before.
sub comes_back {
    my ($table, $changes, $expected, $name) = @_;
    $number++;
    my $rows = qq{SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM $table t};
    my $before = one_of($node, $rows);
    $node->safe_psql('postgres', qq{SET bemi.context = '{"round": $number}'; $changes});
    isnt(one_of($node, $rows), $before, "$name: there is something to take back");
    like(revert(qq{context => '{"round": $number}'}), $expected, $name);
    is(one_of($node, $rows), $before, "$name: all is as before");
}

sub all_reverted {
    my ($count) = @_;
    return qr/\A(?:[^\n]* reverted(?:\n|\z)){$count}\z/;
}

# Values of a unique constraint that have moved along. A unique index is checked row by row: the order matters.
$node->safe_psql('postgres', q{
    CREATE TABLE list (id int PRIMARY KEY, pos int NOT NULL UNIQUE, name text);
    SELECT bemi.track('list');
    INSERT INTO list SELECT i, i, 'item ' || i FROM generate_series(1, 300) i;
    CREATE FUNCTION move(first int, last int, step int) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        p int;
    BEGIN
        FOR p IN SELECT * FROM generate_series(CASE WHEN step < 0 THEN first ELSE last END, CASE WHEN step < 0 THEN last ELSE first END, -sign(step)::int) LOOP
            UPDATE list SET pos = pos + step WHERE pos = p;
        END LOOP;
    END $$;
});
comes_back('list', 'UPDATE list SET pos = pos - 1', all_reverted(300), 'all values moved down by one');
comes_back('list', 'SELECT move(1, 300, 1)', all_reverted(300), 'all values moved up by one');
comes_back('list', 'SELECT move(1, 300, 7)', all_reverted(300), 'several chains');
comes_back('list', 'DELETE FROM list WHERE pos = 3; SELECT move(4, 300, -1)', all_reverted(298), 'a row that is gone, whose place others have taken');
comes_back('list', q{SELECT move(10, 300, 1); INSERT INTO list VALUES (999, 10, 'new')}, all_reverted(292), 'a row that came between');
comes_back('list', q{SELECT move(10, 300, 1); INSERT INTO list VALUES (999, 10, 'new'); DELETE FROM list WHERE pos = 5; SELECT move(6, 400, -1); UPDATE list SET name = 'x' WHERE pos < 5},
    all_reverted(10), 'all of it together');
comes_back('list', 'UPDATE list SET pos = -1 WHERE id = 1; UPDATE list SET pos = 1 WHERE id = 2; UPDATE list SET pos = 500 WHERE id = 1', all_reverted(2), 'a chain of two');
$node->safe_psql('postgres', q{SET bemi.context = '{"exchange": 1}'; UPDATE list SET pos = -1 WHERE id = 1; UPDATE list SET pos = 1 WHERE id = 2; UPDATE list SET pos = 2 WHERE id = 1});
like(revert(q{context => '{"exchange": 1}'}), qr/^ERROR:  23505: /, 'two rows that have exchanged their values: no order helps');
$node->safe_psql('postgres', 'ALTER TABLE list DROP CONSTRAINT list_pos_key, ADD UNIQUE (pos) DEFERRABLE');
like(revert(q{context => '{"exchange": 1}'}), all_reverted(2), '... unless the constraint is deferrable');
$node->safe_psql('postgres', q{SET bemi.context = '{"keys": 1}'; DO $$BEGIN FOR i IN 1 .. 300 LOOP UPDATE list SET id = i - 1 WHERE id = i; END LOOP; END$$});
like(revert(q{context => '{"keys": 1}'}), all_reverted(300), 'primary keys that have moved down by one');
is(one_of($node, 'SELECT count(*) FROM list WHERE id = pos'), 300, '... are as they were');

my $transaction = one_of($node, q{SELECT max(transaction_id) FROM bemi.changes});
cmp_ok($transaction, '>', 2**32, 'a transaction of the second epoch');
like(revert("transaction => $transaction % 4294967296"), qr/there is nothing to take back/, '... is none of the first');
like(revert("transaction => $transaction, dry_run => true"), qr/^\d+ UPDATE id planned$/m, '... and can be taken back');

# Unique indexes of expressions, of some rows only, and over a column that the changes have not touched; exclusion constraints.
$node->safe_psql('postgres', q{
    CREATE TABLE booking (id int PRIMARY KEY, room int, "during %" int4range, email text, state text, EXCLUDE USING gist (room WITH =, "during %" WITH &&) WHERE (state <> 'cancelled'));
    CREATE UNIQUE INDEX booking_email ON booking (lower(email)) WHERE state = 'open';
    CREATE UNIQUE INDEX booking_room_email ON booking (room, email);
    SELECT bemi.track('booking');
    INSERT INTO booking VALUES (1, 1, '[1,5)', 'A@x', 'open'), (2, 1, '[5,9)', 'b@x', 'open'), (3, 3, '[1,5)', 'c@x', 'open');
    SET bemi.context = '{"booking": 1}';
    DELETE FROM booking WHERE id = 1;
    UPDATE booking SET state = 'cancelled' WHERE id = 2;
    UPDATE booking SET room = 4 WHERE id = 3;
    SET bemi.context = '{"booking": 2}';
    INSERT INTO booking VALUES (10, 10, '[1,2)', 'a@X', 'open'), (11, 1, '[8,20)', 'other@x', 'open'), (12, 3, '[90,91)', 'c@x', 'done');
});
is(revert(q{context => '{"booking": 1}', conflicts => 'skip'}), join("\n",
    q(1 INSERT id,room,during %,email,state skipped {"reason": "unique value is taken", "constraint": "booking_email"}),
    q(3 UPDATE room skipped {"column": "room", "reason": "unique value is taken", "constraint": "booking_room_email"}),
    q(2 UPDATE state skipped {"column": "room", "reason": "excluded", "constraint": "booking_room_during %_excl"})), 'other rows have the values');
$node->safe_psql('postgres', q{UPDATE booking SET state = 'cancelled' WHERE id IN (10, 11); UPDATE booking SET email = 'd@x' WHERE id = 12});
is(revert(q{context => '{"booking": 1}'}), "1 INSERT id,room,during %,email,state reverted\n3 UPDATE room reverted\n2 UPDATE state reverted", 'which the indexes do not count now');

# Rules.
$node->safe_psql('postgres', q{
    CREATE TABLE ruled (id int PRIMARY KEY, v text);
    CREATE TABLE rule_log (what text);
    SELECT bemi.track('ruled');
    INSERT INTO ruled VALUES (1, 'a'), (2, 'b'), (3, 'c');
    SET bemi.context = '{"ruled": 1}';
    UPDATE ruled SET v = 'x' WHERE id = 1;
    DELETE FROM ruled WHERE id = 2;
    INSERT INTO ruled VALUES (4, 'd');
});
for my $rule ('ON UPDATE TO ruled DO INSTEAD NOTHING', 'ON UPDATE TO ruled WHERE OLD.id = 1 DO INSTEAD NOTHING') {
    $node->safe_psql('postgres', "CREATE RULE r AS $rule");
    is(revert(q{context => '{"ruled": 1}'}, 'BEGIN'), "2 INSERT id,v reverted\n1 UPDATE v adjusted by trigger\n4 DELETE reverted", "a rule $rule");
    $node->safe_psql('postgres', 'DROP RULE r ON ruled');
}
$node->safe_psql('postgres', q{CREATE RULE r AS ON DELETE TO ruled DO ALSO INSERT INTO rule_log VALUES ('deleted')});
is(revert(q{context => '{"ruled": 1}'}), "2 INSERT id,v reverted\n1 UPDATE v reverted\n4 DELETE reverted", 'a rule DO ALSO');
is(one_of($node, q{SELECT string_agg(v, ' ' ORDER BY id) FROM ruled}) . one_of($node, 'SELECT count(*) FROM rule_log'), 'a b c1', '... does that');

# Actions of foreign keys that would take rows along which stay.
$node->safe_psql('postgres', q{
    CREATE TABLE grandparent (id int PRIMARY KEY);
    CREATE TABLE parent (id int PRIMARY KEY, grandparent int REFERENCES grandparent ON DELETE CASCADE);
    CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE);
    CREATE TABLE note (id int PRIMARY KEY, grandparent int REFERENCES grandparent ON DELETE SET NULL);
    SELECT bemi.track(t) FROM unnest('{grandparent,parent,child,note}'::regclass[]) t;
    SET bemi.context = '{"family": 1}';
    INSERT INTO grandparent VALUES (1), (2), (3);
    INSERT INTO parent VALUES (10, 1);
    SET bemi.context = '{"family": 2}';
    INSERT INTO child VALUES (100, 10);
    INSERT INTO note VALUES (1000, 2);
});
is(revert(q{context => '{"family": 1}', conflicts => 'skip'}, 'BEGIN'), join("\n",
    '10 DELETE skipped {"table": "public.child", "reason": "referenced"}', '2 DELETE skipped {"table": "public.note", "reason": "referenced"}',
    '1 DELETE skipped {"table": "public.parent", "reason": "referenced"}', '3 DELETE reverted') , 'CASCADE at the second step, and SET NULL');
is(revert(q{context => '{"family": 1}', conflicts => 'force'}), join("\n",
    '10 DELETE reverted {"table": "public.child", "reason": "referenced"}', '1 DELETE reverted', '2 DELETE reverted {"table": "public.note", "reason": "referenced"}',
    '3 DELETE reverted'), 'what is forced tells of the rows that it takes along');
is(one_of($node, 'SELECT count(*) FROM child') . one_of($node, 'SELECT count(*) FROM note WHERE grandparent IS NULL'), '01', '... and does');

done_testing();
