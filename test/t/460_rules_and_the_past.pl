# Looking back at columns with rules: each function, and each rule.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', 'autovacuum = off');

sub run { $node->safe_psql('postgres', $_[0]); }
sub result { one_of($node, "SET client_min_messages = error; $_[0]"); }
sub notices {
    my ($query) = @_;
    my ($status, $output, $errors) = $node->psql('postgres', $query, on_error_stop => 0);
    return join "\n", $errors =~ /(?:NOTICE|ERROR):  ([^\n]*)/g;
}
sub mark { run("SELECT bemi.mark('$_[0]')"); }

run(q{
    CREATE TABLE account (id int PRIMARY KEY, name text, seen int, password text NOT NULL, token int, note text DEFAULT 'none');
    SELECT bemi.track('account', ignore_columns => '{seen}', exclude_columns => '{password}', redact_columns => '{token}');
    SELECT bemi.start();
    INSERT INTO account VALUES (1, 'Ann', 1, 'secret', 1, 'a'), (2, 'Bob', 1, 'secret', 2, 'b'), (3, 'Cid', 1, 'secret', NULL, 'c');
});
mark('begin');
run(q{
    UPDATE account SET name = 'Anna', seen = 2 WHERE id = 1;
    UPDATE account SET seen = 3, password = 'secret2';
    UPDATE account SET token = 7 WHERE id = 2;
    UPDATE account SET note = 'bb' WHERE id = 2;
    DELETE FROM account WHERE id = 3;
});
mark('middle');

# as_of: hidden columns are null in every row, those that have not changed since included; ignored ones are as next stored.
is(result(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'begin') ORDER BY id}), "1|Ann|1|||a\n2|Bob|3|||b\n3|Cid|3|||c", 'as_of');
is(result(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'middle') ORDER BY id}), "1|Anna|3|||a\n2|Bob|3|||bb", 'as_of of rows that are as they were');
is(result(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'begin', keys => '{2}')}), '2|Bob|3|||b', 'as_of of a key');
is(notices(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'begin')}), 'ignored columns of table "account" may have later values: "seen"', 'as_of tells of ignored columns once');
is(result(q{SELECT version, operation FROM bemi.versions(NULL::account, (SELECT at FROM bemi.marks WHERE name = 'begin'), keys => '{2}') ORDER BY lower(valid) NULLS FIRST}),
    qq{(2,Bob,3,,,b)|\n(2,Bob,3,,,b)|UPDATE\n(2,Bob,3,,,bb)|UPDATE}, 'versions');

# history, diff and blame show that a redacted column has changed, and never a value
is(result(q{SELECT operation, changed, row_data FROM bemi.history('account', 2)}),
    qq{CREATE|{"id": [null, 2], "name": [null, "Bob"], "note": [null, "b"], "seen": [null, 1], "token": [null, "[REDACTED]"]}|{"id": 2, "name": "Bob", "note": "b", "seen": 1, "token": "[REDACTED]"}\n}
    . qq{UPDATE|{"token": ["[REDACTED]", "[REDACTED, changed]"]}|{"id": 2, "name": "Bob", "note": "b", "seen": 3, "token": "[REDACTED, changed]"}\n}
    . qq{UPDATE|{"note": ["b", "bb"]}|{"id": 2, "name": "Bob", "note": "bb", "seen": 3, "token": "[REDACTED]"}}, 'history');
is(result(q{SELECT column_name, value, operation FROM bemi.blame('account', 2)}),
    qq{id|2|CREATE\nname|"Bob"|CREATE\nseen|3|BEFORE\npassword||\ntoken|"[REDACTED]"|UPDATE\nnote|"bb"|UPDATE}, 'blame');
is(result(q{SELECT key, operation, changed FROM bemi.changes_between('account', (SELECT at FROM bemi.marks WHERE name = 'begin')) ORDER BY key}),
    qq{1|UPDATE|{"name": ["Ann", "Anna"], "seen": [1, 2]}\n2|UPDATE|{"note": ["b", "bb"], "token": ["[REDACTED]", "[REDACTED, changed]"]}\n}
    . qq{3|DELETE|{"id": [3, null], "name": ["Cid", null], "note": ["c", null], "seen": [3, null]}}, 'changes_between');

# restore
is(result(q{SELECT bemi.restore('account', 'account_then', mark => 'begin')}), 3, 'restore');
is(result(q{SELECT * FROM account_then ORDER BY id}), "1|Ann|1|||a\n2|Bob|3|||b\n3|Cid|3|||c", '... has no hidden values');

# revert: of an update, the columns that are stored, whatever has become of ignored ones
is(result(q{SELECT key, action, columns, status, sql FROM bemi.revert(relation => 'account', key => '1', operations => '{UPDATE}', dry_run => true)}),
    q{1|UPDATE|{name}|planned|UPDATE ONLY public.account SET name = 'Ann' WHERE id = '1';}, 'revert of an UPDATE: plan');
is(result(q{SELECT key, action, columns, status FROM bemi.revert(relation => 'account', key => '1', operations => '{UPDATE}')}), '1|UPDATE|{name}|reverted', '... done');
is(result(q{SELECT key, action, columns, status FROM bemi.revert(relation => 'account', key => '2', operations => '{UPDATE}')}), '2|UPDATE|{note}|reverted', 'revert leaves a redacted value');
is(result('SELECT * FROM account ORDER BY id'), "1|Ann|3|secret2|1|a\n2|Bob|3|secret2|7|b", '... and an ignored and an excluded one');
run(q{UPDATE account SET token = 8 WHERE id = 1});
is(notices(q{SELECT * FROM bemi.revert(relation => 'account', key => '1', since => (SELECT max(committed_at) - interval '1 us' FROM bemi.changes))}),
    'there is nothing to take back', 'there is no way back for a redacted value alone');

# of a deletion: a value that must not be null is missing
is(notices(q{SELECT * FROM bemi.revert(relation => 'account', operations => '{DELETE}')}), 'cannot take changes back because of a conflict', 'revert of a DELETE: conflict');
is(result(q{SELECT key, action, status, conflict FROM bemi.revert(relation => 'account', operations => '{DELETE}', dry_run => true)}),
    '3||conflict|{"column": "password", "reason": "not recorded"}', '... which says what is missing');
is(notices(q{SELECT * FROM bemi.revert(relation => 'account', operations => '{DELETE}', conflicts => 'force')}), 'cannot take changes back because of a conflict', '... and cannot be forced');
is(result(q{SELECT key, status FROM bemi.revert(relation => 'account', operations => '{DELETE}', conflicts => 'skip')}), '3|skipped', '... but skipped');
run(q{ALTER TABLE account ALTER password DROP NOT NULL});
is(result(q{SELECT key, action, columns, status, sql FROM bemi.revert(relation => 'account', operations => '{DELETE}', dry_run => true)}),
    q{3|INSERT|{id,name,seen,note}|planned|INSERT INTO public.account (id, name, seen, note) OVERRIDING SYSTEM VALUE VALUES ('3', 'Cid', '3', 'c');}, '... and can be done if it may be null');
is(result(q{SELECT status FROM bemi.revert(relation => 'account', operations => '{DELETE}')}), 'reverted', '... is done');
is(result('SELECT * FROM account WHERE id = 3'), '3|Cid|3|||c', '... with the ignored value as it was stored last, and no marker');

# of a creation: what has become of columns that are not stored does not matter
run(q{INSERT INTO account VALUES (4, 'Dan', 1, 'secret', 4); UPDATE account SET seen = 9, password = 'secret3' WHERE id = 4});
is(result(q{SELECT key, action, status FROM bemi.revert(relation => 'account', key => '4', operations => '{CREATE}')}), '4|DELETE|reverted', 'revert of a CREATE');

# a chain of changes, between which hidden and ignored values have changed
mark('chain');
run(q{
    UPDATE account SET name = 'x', token = 11 WHERE id = 1;
    UPDATE account SET seen = 20 WHERE id = 1;
    UPDATE account SET name = 'y', token = 12, seen = 21, password = 'secret5' WHERE id = 1;
    UPDATE account SET seen = 22, password = 'secret6' WHERE id = 1;
    UPDATE account SET name = 'z' WHERE id = 1;
});
is(result(q{SELECT key, columns, status FROM bemi.revert(relation => 'account', since_mark => 'chain')}), '1|{name}|reverted', 'revert of a chain');
is(result('SELECT * FROM account WHERE id = 1'), '1|Ann|22|secret6|12|a', '... sets what is stored');

# the rules of each time
run(q{SELECT bemi.track('account', ignore_columns => '{}', exclude_columns => '{}', redact_columns => '{}')});
mark('without rules');
run(q{UPDATE account SET token = 30, password = 'known' WHERE id = 1; UPDATE account SET token = 31 WHERE id = 1});
is(result(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'without rules') WHERE id = 1}), '1|Ann|22|secret6|12|a', 'as_of after the rules went');
is(result(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'begin') WHERE id = 1}), '1|Ann|1|||a', '... and before');
is(result(q{SELECT key, columns, status FROM bemi.revert(relation => 'account', since_mark => 'without rules')}), '1|{password,token}|reverted', 'revert of values that were stored');
run(q{SELECT bemi.track('account', redact_columns => '{name}')});
run(q{UPDATE account SET name = 'Ada', note = 'e' WHERE id = 1});
is(result(q{SELECT * FROM bemi.as_of(NULL::account, mark => 'without rules') WHERE id = 1}), '1||22|secret6|12|a', 'what is hidden since is null');
# a renamed column, and one of another type
run(q{ALTER TABLE account RENAME token TO number; ALTER TABLE account ALTER number TYPE text});
is(result(q{SELECT count(*), count(number) FROM bemi.as_of(NULL::account, at => now())}), '3|2', 'a column that was redacted has another name and type now');

# rows without a key are counted: their hidden and ignored columns do not tell them apart
run(q{
    CREATE TABLE event (kind text, seen int, secret int, token int);
    SELECT bemi.track('event', ignore_columns => '{seen}', exclude_columns => '{secret}', redact_columns => '{token}');
    INSERT INTO event VALUES ('a', 1, 1, 1), ('a', 2, 2, 2), ('b', 3, 3, 3);
});
mark('events');
run(q{
    UPDATE event SET seen = seen + 10, secret = secret + 10;
    UPDATE event SET token = 7 WHERE kind = 'a' AND secret = 11;
    UPDATE event SET kind = 'c' WHERE kind = 'b';
    INSERT INTO event VALUES ('a', 4, 4, 4);
    DELETE FROM event WHERE kind = 'c';
});
is(result(q{SELECT kind, secret, token FROM bemi.as_of(NULL::event, mark => 'events') ORDER BY 1}), "a||\na||\nb||", 'as_of without a key');

# a primary key that is hidden is none
run(q{
    CREATE TABLE late (id int NOT NULL, v text);
    SELECT bemi.track('late', redact_columns => '{id}');
    ALTER TABLE late ADD PRIMARY KEY (id);
    INSERT INTO late VALUES (1, 'a'), (2, 'b');
});
mark('late');
run(q{UPDATE late SET v = 'c' WHERE id = 1; DELETE FROM late WHERE id = 2});
is(result(q{SELECT * FROM bemi.as_of(NULL::late, mark => 'late') ORDER BY v}), "|a\n|b", 'as_of with a hidden key');
is(result(q{SELECT DISTINCT primary_key IS NULL FROM bemi.changes WHERE "table" = 'late'}), 't', '... of whose changes none has it');
like(notices(q{SELECT * FROM bemi.history('late', 1)}), qr/key/, '... history needs it');
is(result(q{SELECT status, conflict FROM bemi.revert(relation => 'late', since_mark => 'late', dry_run => true)}), qq{conflict|{"reason": "not recorded"}\nconflict|{"reason": "not recorded"}}, '... revert too');

# baselines
run(q{
    CREATE TABLE old (id int PRIMARY KEY, v text, secret text, token int, seen int);
    INSERT INTO old SELECT n, 'v', 'secret', n, n FROM generate_series(1, 3) n;
    SELECT bemi.track('old', baseline => true, exclude_columns => '{secret}', redact_columns => '{token}', ignore_columns => '{seen}');
});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 3 FROM bemi.changes WHERE "table" = 'old' AND operation = 'BASELINE'}), 'a baseline');
is(result(q{SELECT DISTINCT after - '{id,seen}'::text[] FROM bemi.changes WHERE "table" = 'old'}), '{"v": "v", "token": "[REDACTED]"}', '... has what changes would have');
mark('old');
run('TRUNCATE old');
is(result(q{SELECT * FROM bemi.as_of(NULL::old, mark => 'old') ORDER BY id}), "1|v|||1\n2|v|||2\n3|v|||3", 'as_of past a TRUNCATE');
is(result(q{SELECT key, columns, status FROM bemi.revert(relation => 'old', operations => '{TRUNCATE}') ORDER BY key}), join("\n", map { "$_|{id,v,seen}|reverted" } 1 .. 3), 'revert of a TRUNCATE');
mark('before drop');
run('DROP TABLE old');
is(result(q{SELECT bemi.restore('old', 'old_then', mark => 'before drop')}), 3, 'restore of a dropped table');
is(result('SELECT * FROM old_then ORDER BY id'), "1|v|||1\n2|v|||2\n3|v|||3", '... has no hidden values');

is(one_of($node, q{SELECT count(*) FROM bemi.errors}), 0, 'everything was stored');
done_testing();
