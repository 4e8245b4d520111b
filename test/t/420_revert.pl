# bemi.revert(): what it takes back, and what it says is in the way.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main', "bemi.sync_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");
$node->safe_psql('postgres', 'SELECT bemi.start()');

# What the SQL prints, errors with their SQLSTATE, detail and hint too.
sub sql {
    my ($sql) = @_;
    my ($status, $out, $errors) = $node->psql("postgres", "\\set VERBOSITY verbose\n\\pset null NULL\n$sql", on_error_stop => 0);
    $errors =~ s/^psql:<stdin>:\d+: //mg;
    $errors =~ s/^(LOCATION|CONTEXT|SQL |PL\/pgSQL |LINE |\s*\^).*\n?//mg;
    chomp $errors;
    s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g for $out, $errors;
    return join "\n", grep { length } $out, $errors;
}

# The rows that revert() returns, in short.
sub revert {
    my ($arguments, $before) = @_;
    return sql(($before // '') . qq{;
        SELECT concat_ws(' ', key, action, array_to_string(columns, ','), status, conflict) FROM bemi.revert($arguments)});
}

sub rows {
    return one_of($node, q{SELECT string_agg(concat_ws(' ', id, task, done), ', ' ORDER BY id) FROM todo});
}

sub reset_todo {
    my ($changes) = @_;
    $node->safe_psql('postgres', qq{
        DROP TABLE IF EXISTS todo;
        CREATE TABLE todo (id int PRIMARY KEY, task text, done boolean);
        SELECT bemi.track('todo');
        INSERT INTO todo VALUES (1, 'Sleep', false), (2, 'Eat', false);
        $changes
    });
}

# One of each kind of change, with a context; somebody else changes another column.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'Work' WHERE id = 1;
    DELETE FROM todo WHERE id = 2;
    INSERT INTO todo VALUES (3, 'Read', true);
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET done = true WHERE id = 1;
});
my $mistake = q{context => '{"user": 7}'};
is(sql("SELECT sql FROM bemi.revert($mistake, dry_run => true)"), join("\n",
    q{INSERT INTO public.todo (id, task, done) OVERRIDING SYSTEM VALUE VALUES ('2', 'Eat', 'false');},
    q{UPDATE ONLY public.todo SET task = 'Sleep' WHERE id = '1';},
    q{DELETE FROM ONLY public.todo WHERE id = '3';}), 'a dry run says what would be done');
is(rows(), '1 Work t, 3 Read t', 'and does nothing');
is(revert($mistake, q{SET bemi.context = '{"user": 9}'}),
    "2 INSERT id,task,done reverted\n1 UPDATE task reverted\n3 DELETE reverted", 'one of each operation');
is(rows(), '1 Sleep t, 2 Eat f', 'what somebody else has changed stays');
is(revert($mistake), 'NOTICE:  00000: there is nothing to take back', 'that is done already');
is(one_of($node, q{SELECT bemi.sync() IS NULL} . qq{;
    SELECT string_agg(concat_ws(' ', operation, primary_key, context), ', ' ORDER BY sequence) FROM bemi.changes
    WHERE context @> '{"revert": {"context": {"user": 7}}}'}), "f\n" . join(', ', map { $_ . ' {"user": 9, "revert": {"context": {"user": 7}}}' }
    'CREATE 2', 'UPDATE 1', 'DELETE 3'), 'the history says what was taken back, and who did it');
is(revert(q{context => '{"revert": {}}'}), "3 INSERT id,task,done reverted\n1 UPDATE task reverted\n2 DELETE reverted", 'redo');
is(rows(), '1 Work t, 3 Read t', 'it is as it was');

# Arguments.
my $which = 'HINT:  Give at least one of the arguments change, transaction, context, relation, key, operations, since, until and since_mark.';
is(revert(''), "ERROR:  22023: no changes are selected\n$which", 'nothing is selected');
is(revert("change => NULL, dry_run => true"), "ERROR:  22023: no changes are selected\n$which", 'by NULL');
is(revert("$mistake, conflicts => 'ignore'"),
    "ERROR:  22023: invalid value for argument \"conflicts\": 'ignore'\nHINT:  Valid values are error, skip, force and cascade.", 'conflicts');
is(revert("$mistake, conflicts => NULL"),
    "ERROR:  22023: invalid value for argument \"conflicts\": NULL\nHINT:  Valid values are error, skip, force and cascade.", 'conflicts => NULL');
is(revert("operations => '{delete}'"),
    "ERROR:  22023: invalid value for argument \"operations\": '{delete}'\nHINT:  Valid members are CREATE, UPDATE, DELETE and TRUNCATE.", 'operations');
like(revert(q{context => '[7]'}), qr/^ERROR:  22023: argument "context" is not a JSON object\nHINT:  Pass the members/, 'context');
my @others = (['pg_class', 'pg_class', 'a system table'], ['bemi.changes', 'changes', "a relation of bemi's own"], ['public.some', 'some', 'a view']);
$node->safe_psql('postgres', 'CREATE VIEW public.some AS TABLE todo');
is(revert("relation => '$_->[0]'"), "ERROR:  42809: \"$_->[1]\" has no history\nDETAIL:  It is $_->[2].\nHINT:  Only changes of your permanent tables are stored.", $_->[2])
    for @others;
$node->safe_psql('postgres', 'DROP VIEW public.some');
like(revert("relation => 'nothing'"), qr/^ERROR:  42P01: relation "nothing" does not exist/, 'no table');
like(revert("since_mark => 'nothing'"), qr/^ERROR:  42704: mark "nothing" does not exist/, 'no mark');
is(revert("transaction => 0"), 'NOTICE:  00000: there is nothing to take back', 'a transaction that never was');

# Conflicts.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'Work' WHERE id = 1;
    DELETE FROM todo WHERE id = 2;
    INSERT INTO todo VALUES (3, 'Read', true);
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET task = 'Play' WHERE id = 1;
    INSERT INTO todo VALUES (2, 'Drink', true);
    UPDATE todo SET done = false WHERE id = 3;
});
my $changed = '{"change": "UUID", "column": "task", "reason": "changed since", "context": {"user": 8}, "present": "Play", "expected": "Work"}';
$mistake = qq{relation => 'todo', $mistake};
like(revert($mistake), qr/^ERROR:  55000: cannot take changes back because of 3 conflicts\nDETAIL:  Row .*\nHINT:  Call bemi.revert\(\) with dry_run => true/, 'an error by default');
is(rows(), '1 Play f, 2 Drink t, 3 Read f', 'nothing is done');
like(revert("$mistake, dry_run => true"), qr/^1 UPDATE task conflict \Q$changed\E/m, 'a dry run shows them');
like(revert("$mistake, conflicts => 'skip'"), qr/^2 INSERT id,task,done skipped .*"key is taken".*^1 UPDATE task skipped \Q$changed\E.*^3 DELETE skipped .*"changed since"/ms, 'skip');
is(rows(), '1 Play f, 2 Drink t, 3 Read f', 'they are skipped');
like(revert("$mistake, conflicts => 'force'"), qr/^1 UPDATE task reverted \Q$changed\E/m, 'force');
is(rows(), '1 Sleep f, 2 Eat f', 'they are overwritten');


# What somebody has done in this transaction is in the way too, although no store has it.
reset_todo(q{SET bemi.context = '{"user": 7}'; UPDATE todo SET task = 'Work' WHERE id = 1});
$mistake = q{relation => 'todo', context => '{"user": 7}'};
is(revert("$mistake, conflicts => 'skip'", q{BEGIN; UPDATE todo SET task = 'Mine' WHERE id = 1}),
    '1 UPDATE task skipped {"column": "task", "reason": "changed since", "present": "Mine", "expected": "Work"}', 'not committed, and so by nobody');
is(revert("$mistake, conflicts => 'skip'", q{BEGIN; DELETE FROM todo WHERE id = 1}), '1 UPDATE task skipped {"reason": "row is gone"}', 'deleted');

# The context is that of before, also after an error.
like(sql(qq{SET bemi.context = '{"user": 9}'; BEGIN; SAVEPOINT s; UPDATE todo SET task = 'Mine' WHERE id = 1;
    SELECT FROM bemi.revert($mistake);
    ROLLBACK TO s; SELECT bemi.current_context(); SELECT FROM bemi.revert($mistake); SELECT bemi.current_context(); COMMIT;
    SELECT bemi.current_context()}), qr/^(\{"user": 9\}\n){3}ERROR:  55000/, 'the context is restored');

# A value that changed and came back is no conflict, nor what somebody else has taken back already.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'Work' WHERE id = 1;
    UPDATE todo SET task = 'Drink' WHERE id = 2;
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET task = 'Play' WHERE id = 1;
    UPDATE todo SET task = 'Work' WHERE id = 1;
    UPDATE todo SET task = 'Eat' WHERE id = 2;
});
is(revert($mistake), '1 UPDATE task reverted', 'a value that came back');

# A chain with a change of somebody else in it.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'a', done = true WHERE id = 1;
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET task = 'b' WHERE id = 1;
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'c' WHERE id = 1;
});
is(revert("$mistake, conflicts => 'skip'"),
    '1 UPDATE task,done skipped {"change": "UUID", "column": "task", "reason": "changed between", "context": {"user": 8}}', 'changed between');
is(revert("$mistake, conflicts => 'cascade'"), '1 UPDATE task,done reverted', 'cascade');
is(rows(), '1 Sleep f, 2 Eat f', 'everything since is taken back');

# A chain whose changes and those of others are of other columns, and a row that went and came.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'a' WHERE id = 1;
    SET bemi.context = '{"user": 8}';
    UPDATE todo SET done = true WHERE id = 1;
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'b' WHERE id = 1;
    DELETE FROM todo WHERE id = 2;
    INSERT INTO todo VALUES (2, 'Drink', false), (4, 'never', false);
    DELETE FROM todo WHERE id = 4;
});
is(revert($mistake), "1 UPDATE task reverted\n2 UPDATE task reverted", 'other columns, and a row that came again');
is(rows(), '1 Sleep t, 2 Eat f', 'what others did stays');

# Selectors.
reset_todo(q{
    SET bemi.context = '{"user": 7}';
    UPDATE todo SET task = 'a' WHERE id = 1;
    UPDATE todo SET task = 'b' WHERE id = 2;
    UPDATE todo SET done = true WHERE id = 2;
    INSERT INTO todo VALUES (3);
});
sub first_change { return one_of($node, qq{SELECT $_[0] FROM bemi.changes WHERE "table" = 'todo' AND context @> '{"user": 7}' AND $_[1] ORDER BY commit_position DESC, sequence LIMIT 1}) }
$node->safe_psql('postgres', 'SELECT bemi.sync()');
my $selected = sub { my $rows = revert("$_[0], dry_run => true"); $rows =~ s/^(\S+ \S+) .*/$1/mg; return join ', ', sort split /\n/, $rows };
is($selected->(q{change => '} . first_change('id', q{after @> '{"done": true}'}) . q{'}), '2 UPDATE', 'change');
is($selected->('transaction => ' . first_change('transaction_id', q{operation = 'CREATE'})), '3 DELETE', 'transaction');
is($selected->(q{relation => 'todo', key => '2', context => '{"user": 7}'}), '2 UPDATE', 'key');
is($selected->(q{relation => 'todo', operations => '{CREATE}'}), '1 DELETE, 2 DELETE, 3 DELETE', 'operations');
my $time = first_change('committed_at', q{primary_key = '1'});
is($selected->(qq{relation => 'todo', since => '$time'}), '2 UPDATE, 3 DELETE', 'since leaves out what was committed then');
is($selected->(qq{relation => 'todo', until => '$time', context => '{"user": 7}'}), '1 UPDATE', 'until has it');
is($selected->(q{relation => 'todo', key => 'x'}), 'NOTICE:  00000: there is nothing to take back', 'a key that never was');
is($selected->(q{transaction => 4294967296 * 100}), 'NOTICE:  00000: there is nothing to take back', 'a transaction of another epoch');
is(sql(q{SELECT FROM bemi.mark('a mark'); DELETE FROM todo WHERE id = 1; SELECT key || action FROM bemi.revert(since_mark => 'a mark')}), '1INSERT', 'since a mark');


# Foreign keys: cascades, parents before children, rows that refer to each other.
$node->safe_psql('postgres', q{
    CREATE TABLE parent (id int PRIMARY KEY, name text UNIQUE, best int);
    CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE, note text);
    ALTER TABLE parent ADD FOREIGN KEY (best) REFERENCES child ON DELETE SET NULL;
    SELECT bemi.track('parent'), bemi.track('child');
    INSERT INTO parent VALUES (1, 'one'), (2, 'two');
    INSERT INTO child VALUES (10, 1), (11, 1), (20, 2);
    UPDATE parent SET best = 11 WHERE id = 1;
});
sub family { return one_of($node, q{SELECT string_agg(concat_ws(' ', p.id, p.name, p.best, children), ', ' ORDER BY p.id) FROM parent p
    LEFT JOIN (SELECT parent_id, string_agg(id || coalesce(note, ''), '+' ORDER BY id) AS children FROM child GROUP BY 1) c ON parent_id = p.id}) }
my $family = family();
my $families = 0;
sub family_comes_back {
    my ($changes, $expected, $name) = @_;
    my $number = ++$families;
    $node->safe_psql('postgres', qq{SET bemi.context = '{"family": $number}'; $changes});
    is(revert(qq{context => '{"family": $number}'}), $expected, $name);
    is(family(), $family, "$name: all is as before");
}
family_comes_back('DELETE FROM parent WHERE id = 1',
    "1 INSERT id,name,best reverted\n10 INSERT id,parent_id,note reverted\n11 INSERT id,parent_id,note reverted", 'a cascade, and a cycle');
family_comes_back('UPDATE parent SET id = 5 WHERE id = 1',
    "5 UPDATE id reverted\n10 UPDATE parent_id reverted\n11 UPDATE parent_id reverted", 'a key that moved');
family_comes_back(q{UPDATE child SET note = 'x' WHERE id = 10; UPDATE child SET id = 12 WHERE id = 10; UPDATE child SET note = 'y' WHERE id = 12;
    UPDATE child SET id = 13 WHERE id = 12; DELETE FROM child WHERE id = 13; INSERT INTO child VALUES (10, 2, 'other')},
    "13 INSERT id,parent_id,note reverted\n10 DELETE reverted" =~ s/^(.*)\n(.*)$/$2\n$1/r, 'a key that moved twice, and that another row has got');
family_comes_back(q{DELETE FROM parent WHERE id = 2; INSERT INTO parent VALUES (3, 'two')},
    "20 INSERT id,parent_id,note reverted\n3 DELETE reverted\n2 INSERT id,name,best reverted", 'a unique value that another row has got');
family_comes_back(q{INSERT INTO parent VALUES (7, 'seven'); INSERT INTO child VALUES (70, 7); UPDATE parent SET best = 70 WHERE id = 7},
    "7 DELETE reverted\n70 DELETE reverted", 'new ones that refer to each other');

# An action of a foreign key takes hold of a row that is taken back: it refers to a key that another row gives up.
$node->safe_psql('postgres', q{
    SET bemi.context = '{"family": "again"}';
    UPDATE parent SET id = 40 WHERE id = 2;
    INSERT INTO parent VALUES (2, 'new');
    UPDATE child SET note = 'x' WHERE id = 20;
});
my $again = family();
like(revert(q{context => '{"family": "again"}'}), qr/^ERROR:  55000: cannot take back the changes of row 20 of table "public.child"\nDETAIL:  An action of a foreign key/, 'a row that CASCADE has deleted again');
is(family(), $again, 'nothing is done');
is(sql(q{BEGIN; SELECT key, action, status FROM bemi.revert(context => '{"family": "again"}', conflicts => 'skip') ORDER BY 1, 2; ROLLBACK}),
    "2|DELETE|reverted\n20|UPDATE|not reverted\n40|UPDATE|reverted", 'or the status says so');
$node->safe_psql('postgres', q{DELETE FROM parent WHERE id = 2; UPDATE parent SET id = 2 WHERE id = 40; UPDATE child SET note = NULL WHERE id = 20});

# It takes hold of a row that nothing is taken back of: that refers to a key which comes back to its former row.
$node->safe_psql('postgres', q{
    INSERT INTO parent VALUES (8, 'eight');
    SELECT FROM bemi.mark('moved');
    DELETE FROM parent WHERE id = 2;
    UPDATE parent SET id = 2 WHERE id = 8;
    INSERT INTO child VALUES (20, 2);
});
my $moved = family();
like(revert(q{since_mark => 'moved'}), qr/^ERROR:  55000: cannot take changes back because of a conflict\nDETAIL:  Row 2 of table "public.parent": referenced by table "public.child"/, 'a row that CASCADE would move');
is(family(), $moved, 'nothing is done');
$node->safe_psql('postgres', q{UPDATE parent SET name = 'two' WHERE id = 2});

# What is in the way of rows that come back, and of rows that go.
$node->safe_psql('postgres', q{
    SET bemi.context = '{"family": "x"}';
    INSERT INTO parent VALUES (5, 'five');
    DELETE FROM child WHERE id = 20;
    DELETE FROM parent WHERE id = 2;
    SET bemi.context = '{"family": "y"}';
    INSERT INTO child VALUES (50, 5);
    INSERT INTO parent VALUES (22, 'two');
});
is(revert(q{context => '{"family": "x"}', conflicts => 'skip'}), join("\n",
    '2 INSERT id,name,best skipped {"column": "name", "reason": "unique value is taken", "constraint": "parent_name_key"}',
    '20 INSERT id,parent_id,note skipped {"table": "public.parent", "column": "parent_id", "reason": "parent is missing"}',
    '5 DELETE skipped {"table": "public.child", "reason": "referenced"}'), 'a constraint is in the way, and a row that cannot come back in that of its children');
like(revert(q{context => '{"family": "x"}', operations => '{CREATE}'}),
    qr/^ERROR:  55000: .*\nDETAIL:  Row 5 of table "public.parent": referenced by table "public.child"\.\n/, 'children of others are not deleted');
like(revert(q{context => '{"family": "x"}', conflicts => 'force'}), qr/^ERROR:  23505: /, 'nor does force help against constraints');

# Columns of all kinds.
$node->safe_psql('postgres', q{
    CREATE EXTENSION hstore SCHEMA public;
    CREATE EXTENSION citext SCHEMA public;
    CREATE SCHEMA "Odd %s Schema";
    CREATE TYPE "Odd %s Schema"."pair of" AS (x int, "y""z" text);
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TABLE "Odd %s Schema"."it's % ""q""" ("the ""key""" citext, "k 2" timestamptz, "a'b" text, i int GENERATED ALWAYS AS IDENTITY,
        g int GENERATED ALWAYS AS (length("a'b")) STORED, h hstore, j json, jb jsonb NOT NULL, arr int[], texts text[][], p "Odd %s Schema"."pair of",
        ps "Odd %s Schema"."pair of"[], m mood, d positive, n numeric, f float8, b bytea, c char(4), v varchar(4), iv interval, r int4range, bits bit(3),
        gone int, "renamed" int, PRIMARY KEY ("the ""key""", "k 2"));
    SELECT bemi.track_schema('"Odd %s Schema"');
    INSERT INTO "Odd %s Schema"."it's % ""q""" VALUES ('K', '2026-11-25 12:00+05', E'it''s \\\\ %s "x"', DEFAULT, DEFAULT, 'a=>1, b=>NULL, "c d"=>"e"', '{"a": [1, null]}',
        'null', '{1,NULL,3}', '{{a,"b,c"},{"d\"e",NULL}}', ROW(1, 'a,b'), ARRAY[ROW(1, 'x'), ROW(NULL, NULL)]::"Odd %s Schema"."pair of"[], 'sad', 5, 1.10, 'NaN',
        '\xdeadbeef00', 'ab', 'abc', '-1 day 2 hours', '[1,5)', '101', 1, 2);
    INSERT INTO "Odd %s Schema"."it's % ""q""" ("the ""key""", "k 2", jb, h) VALUES ('nulls', 'infinity', '[]', '');
    CREATE TABLE odd_copy AS TABLE "Odd %s Schema"."it's % ""q""";
    SET bemi.context = '{"odd": 1}';
    UPDATE "Odd %s Schema"."it's % ""q""" SET "a'b" = 'x', h = NULL, j = 'null', jb = '{}', arr = '{}', texts = NULL, p = NULL, ps = NULL, m = 'happy', d = 7, n = 1.1, f = 0,
        b = '', c = 'c', v = 'v', iv = '1 s', r = 'empty', bits = '000', "the ""key""" = 'moved';
});
my $odd = q{"Odd %s Schema"."it's % ""q"""};
my $same = qq{SELECT count(*) FROM $odd AS left_row JOIN public.odd_copy AS right_row ON to_jsonb(left_row) = to_jsonb(right_row) AND left_row.n::text IS NOT DISTINCT FROM right_row.n::text};
for my $settings (q{SET DateStyle = 'SQL, DMY'; SET IntervalStyle = sql_standard; SET TimeZone = 'Asia/Kolkata'; SET bytea_output = escape; SET extra_float_digits = -5; SET search_path = "Odd %s Schema"}) {
    my $dry = sql(qq{$settings; SELECT sql FROM bemi.revert(context => '{"odd": 1}', dry_run => true)});
    is(sql("BEGIN; $dry\n$same; ROLLBACK"), '2', 'the SQL of a dry run does it') or diag($dry);
    is(sql(qq{$settings; SELECT status FROM bemi.revert(context => '{"odd": 1}')}), "reverted\nreverted", 'odd names, types and settings');
    is(one_of($node, $same), 2, 'the values are the same');
}
$node->safe_psql('postgres', qq{SET bemi.context = '{"odd": 2}'; DELETE FROM $odd});
is(sql(qq{SELECT status FROM bemi.revert(context => '{"odd": 2}')}), "reverted\nreverted", 'deleted rows');
is(one_of($node, $same), 2, 'come back, with their identity');

# Columns that were renamed, dropped, added since, and a table with another name.
$node->safe_psql('postgres', qq{
    SET bemi.context = '{"odd": 3}';
    UPDATE $odd SET renamed = 5, gone = 7, "a'b" = 'y' WHERE n IS NOT NULL;
    DELETE FROM $odd WHERE n IS NULL;
    SET bemi.context = '';
    ALTER TABLE $odd RENAME renamed TO "new name";
    ALTER TABLE $odd DROP gone;
    ALTER TABLE $odd ADD gone text DEFAULT 'added';
    ALTER TABLE $odd SET SCHEMA public;
    ALTER TABLE public."it's % ""q""" RENAME TO plain;
    ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
});
is(revert(q{context => '{"odd": 3}'}), join("\n", '["nulls","infinity"] INSERT the "key",k 2,a\'b,i,h,j,jb,arr,texts,p,ps,m,d,n,f,b,c,v,iv,r,bits,new name reverted',
    q{["K","2026-11-25T07:00:00+00:00"] UPDATE a'b,new name reverted}), 'changed columns');
is(one_of($node, q{SELECT string_agg(concat_ws(' ', "the ""key""", "new name", gone), ', ' ORDER BY n) FROM plain}), 'K 2 added, nulls added', 'columns by their number');
$node->safe_psql('postgres', q{SET bemi.context = '{"odd": 4}'; UPDATE plain SET m = 'happy' WHERE m = 'blue'});
is(revert(q{context => '{"odd": 4}'}), '["K","2026-11-25T07:00:00+00:00"] UPDATE m reverted', 'a label that was renamed before');
$node->safe_psql('postgres', q{SET bemi.context = '{"odd": 5}'; UPDATE plain SET m = 'happy' WHERE m = 'blue'; ALTER TYPE mood RENAME VALUE 'blue' TO 'grey'});
like(revert(q{context => '{"odd": 5}'}), qr/^ERROR:  22P02: invalid input value for enum mood: "blue"/, 'a label that is gone');


# The history must be known since then.
$node->safe_psql('postgres', q{CREATE TABLE late (id int PRIMARY KEY, n int); INSERT INTO late VALUES (1, 0)});
like(revert(q{relation => 'late'}), qr/^ERROR:  55000: table "late" is not tracked\nHINT:  Call bemi\.track/, 'a table that is not tracked');
$node->safe_psql('postgres', q{SELECT bemi.track('late'); UPDATE late SET n = 1});
like(revert(q{relation => 'late', since => '2001-01-01'}), qr/^ERROR:  22023: history of table "late" begins at/, 'back to when its history had not begun');
is(sql(q{SELECT key, action FROM bemi.revert(relation => 'late', since => '2001-01-01', operations => '{UPDATE}', dry_run => true)}), '1|UPDATE', 'a filter reaches further');
$node->safe_psql('postgres', q{INSERT INTO bemi.gaps (system_identifier, from_position, to_position, reason)
    SELECT system_identifier, pg_current_wal_lsn(), pg_current_wal_lsn() + 1, 'a test' FROM pg_control_system()});
like(revert(q{relation => 'late', operations => '{UPDATE}'}), qr/^ERROR:  55000: history of table "late" has a gap since that moment\nDETAIL:  Gap .*a test/, 'a gap since');
$node->safe_psql('postgres', q{SELECT bemi.acknowledge_gap(id) FROM bemi.gaps});
is(revert(q{relation => 'late', operations => '{UPDATE}'}), '1 UPDATE n reverted', 'one that is known');
$node->safe_psql('postgres', q{UPDATE late SET n = 2; ALTER TABLE late ALTER n TYPE text USING n || 'x'; UPDATE late SET n = '3'; SELECT bemi.sync()});
like(revert(q{relation => 'late', operations => '{UPDATE}'}), qr/^ERROR:  55000: changes of table "late" between .* may be missing/, 'a table that was rewritten since');
$node->safe_psql('postgres', q{DROP TABLE late});

# Partitions, and rows that move between them.
$node->safe_psql('postgres', q{
    CREATE TABLE event (id int, day date, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    SELECT bemi.track('event');
    INSERT INTO event VALUES (1, '2026-01-05', 'a'), (2, '2026-02-05', 'b');
    SET bemi.context = '{"event": 1}';
    UPDATE event SET v = 'x';
    UPDATE event SET day = '2026-02-01' WHERE id = 1;
    DELETE FROM event WHERE id = 2;
});
is(sql(q{SELECT key, action FROM bemi.revert(relation => 'event_1', context => '{"event": 1}', dry_run => true)}), '[1,"2026-01-05"]|INSERT', 'one partition');
is(revert(q{context => '{"event": 1}'}), join("\n", '[1,"2026-01-05"] INSERT id,day,v reverted', '[2,"2026-02-05"] INSERT id,day,v reverted',
    '[1,"2026-02-01"] DELETE reverted'), 'through the partitioned table');
is(one_of($node, q{SELECT string_agg(concat_ws(' ', tableoid::regclass, id, v), ', ' ORDER BY id) FROM event}), 'event_1 1 a, event_2 2 b', 'each is where it was');

# Triggers and rules of the user's; the search_path is that of the caller, and no object in it is taken for PostgreSQL's.
$node->safe_psql('postgres', q{
    CREATE SCHEMA trap;
    CREATE FUNCTION trap.fail(anyelement, anyelement) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE 'trapped'; END$$;
    CREATE OPERATOR trap.= (FUNCTION = trap.fail, LEFTARG = anyelement, RIGHTARG = anyelement);
    CREATE OPERATOR trap.>= (FUNCTION = trap.fail, LEFTARG = anyelement, RIGHTARG = anyelement);
    CREATE FUNCTION trap.unnest(bemi.revert_step[]) RETURNS SETOF bemi.revert_step LANGUAGE plpgsql AS $$BEGIN RAISE 'trapped'; END$$;
    CREATE FUNCTION trap.jsonb_object_field_text(jsonb, text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'trapped'; END$$;
    CREATE TABLE trap.log (what text);
    CREATE TABLE counted (id int PRIMARY KEY, v text, n int DEFAULT 0);
    SELECT bemi.track('counted');
    CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO log VALUES (TG_OP || ' ' || coalesce(NEW.id, OLD.id));
        IF OLD.v = 'stays' THEN RETURN NULL; ELSIF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        NEW.n := NEW.n + 1;
        RETURN NEW;
    END$$;
    INSERT INTO counted VALUES (1, 'a'), (2, 'b'), (3, 'c');
    CREATE TRIGGER count_up BEFORE UPDATE OR INSERT OR DELETE ON counted FOR EACH ROW EXECUTE FUNCTION count_up();
    ALTER TABLE counted DISABLE TRIGGER count_up;
    SET bemi.context = '{"counted": 1}';
    UPDATE counted SET v = 'aa' WHERE id = 1;
    DELETE FROM counted WHERE id = 2;
    INSERT INTO counted VALUES (4, 'd'), (5, 'stays');
    ALTER TABLE counted ENABLE TRIGGER count_up;
});
my $trapped = 'SET search_path = trap, pg_catalog, public';
is(revert(q{context => '{"counted": 1}', triggers => false}, "$trapped; BEGIN") . '',
    "2 INSERT id,v,n reverted\n1 UPDATE v reverted\n4 DELETE reverted\n5 DELETE reverted", 'without triggers');
is(sql(qq{SET search_path = trap, public; BEGIN; SELECT key, action, status FROM bemi.revert(context => '{"counted": 1}')
    ; SELECT string_agg(what, ', ') FROM trap.log; ROLLBACK; SHOW search_path}),
    join("\n", '2|INSERT|adjusted by trigger', '1|UPDATE|reverted', '4|DELETE|reverted', '5|DELETE|adjusted by trigger',
        'INSERT 2, UPDATE 1, DELETE 4, DELETE 5', 'trap, public'), 'triggers fire, under the search_path of the caller');
is(sql(q{BEGIN; SET LOCAL search_path = trap, pg_catalog, public; SELECT status FROM bemi.revert(context => '{"counted": 1}', triggers => false); SHOW session_replication_role; COMMIT}),
    "reverted\nreverted\nreverted\nreverted\norigin", 'the role of triggers is that of before');
is(one_of($node, q{SELECT bemi.sync() IS NULL} . q{; SELECT count(*) FROM bemi.changes WHERE "table" = 'counted' AND context ? 'revert'}), "f\n4", 'it is recorded with its context');

# Rights.
$node->safe_psql('postgres', q{
    CREATE ROLE app;
    CREATE TABLE own (id int PRIMARY KEY, v text);
    SELECT bemi.track('own');
    INSERT INTO own VALUES (1, 'a'), (2, 'b');
    SET bemi.context = '{"own": 1}';
    UPDATE own SET v = 'x';
    GRANT UPDATE ON own TO app;
});
my $as_app = 'SET ROLE app';
like(revert(q{context => '{"own": 1}'}, $as_app), qr/^ERROR:  42501: permission denied for table changes/, 'SELECT on bemi.changes');
$node->safe_psql('postgres', 'GRANT SELECT ON bemi.changes TO app');
like(revert(q{context => '{"own": 1}'}, $as_app), qr/^ERROR:  42501: permission denied for table own/, 'SELECT on the table');
$node->safe_psql('postgres', 'GRANT SELECT ON own TO app');
like(revert(q{context => '{"own": 1}', triggers => false}, $as_app), qr/^ERROR:  42501: must be superuser to take changes back without triggers/, 'triggers => false');
$node->safe_psql('postgres', 'ALTER TABLE own ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON own USING (id > 1)');
is(revert(q{context => '{"own": 1}', conflicts => 'skip'}, $as_app), "1 UPDATE v skipped {\"reason\": \"row is gone\"}\n2 UPDATE v reverted", 'row level security');
$node->safe_psql('postgres', q{SET bemi.context = '{"own": 2}'; DELETE FROM own});
like(revert(q{context => '{"own": 2}'}, $as_app), qr/^ERROR:  42501: permission denied for table own/, 'INSERT on the table');
is(revert(q{context => '{"own": 2}'}), "1 INSERT id,v reverted\n2 INSERT id,v reverted", 'the owner may');

# Tables without a primary key, and views.
$node->safe_psql('postgres', q{CREATE TABLE heap (v text); SELECT bemi.track('heap'); INSERT INTO heap VALUES ('x')});
like(revert(q{relation => 'heap'}), qr/^ERROR:  55000: .*because of a conflict\nDETAIL:  Rows of table "public.heap": no primary key\.\nHINT/, 'no primary key');
is(revert(q{relation => 'heap', conflicts => 'skip'}), 'skipped {"reason": "no primary key"}', 'skipped');
like(revert(q{relation => 'heap', conflicts => 'force'}), qr/^ERROR:  55000: /, 'which nobody can force');

# TRUNCATE comes back where the history has all rows.
reset_todo(q{SET bemi.context = '{"user": 7}'; BEGIN; UPDATE todo SET task = 'Drink' WHERE id = 2; TRUNCATE todo; INSERT INTO todo VALUES (1, 'Other', NULL); COMMIT});
like(revert(q{relation => 'todo', context => '{"user": 7}'}), qr/^ERROR:  55000: table "todo" was truncated/, 'TRUNCATE without a baseline');

# Isolation levels: what was stored after the snapshot was taken counts, but not what was committed after it.
reset_todo(q{SELECT bemi.sync(), bemi.stop(); SET bemi.context = '{"user": 7}'; UPDATE todo SET task = 'Work' WHERE id = 1});
for my $level ('REPEATABLE READ', 'SERIALIZABLE') {
    my $psql = "psql -X -q -d '" . $node->connstr('postgres') . "' -c";
    is(sql(qq{BEGIN ISOLATION LEVEL $level; SELECT count(*) FROM todo;
\\! $psql 'SELECT FROM bemi.start()' -c 'SELECT FROM bemi.sync()' -c 'INSERT INTO todo VALUES (9)' >/dev/null
        SELECT key, action, status FROM bemi.revert(relation => 'todo', context => '{"user": 7}'); ROLLBACK}), "2\n1|UPDATE|reverted", $level);
    like(sql(qq{BEGIN ISOLATION LEVEL $level; SELECT count(*) > 0 FROM todo;
\\! $psql "UPDATE todo SET done = true WHERE id = 1"
        SELECT key FROM bemi.revert(relation => 'todo', context => '{"user": 7}')}), qr/^t\nERROR:  40001: could not serialize access due to concurrent update/, "$level: a row that somebody changes");
    $node->safe_psql('postgres', 'DELETE FROM todo WHERE id = 9');
    $node->safe_psql('postgres', 'SELECT bemi.sync(), bemi.stop()');
    reset_todo(q{SET bemi.context = '{"user": 7}'; UPDATE todo SET task = 'Work' WHERE id = 1});
}
like(revert(q{relation => 'todo', key => '1'}), qr/^ERROR:  55000: no worker stores changes\n.*\nHINT:  Call bemi\.start\(\)/, 'no worker');
$node->safe_psql('postgres', 'SELECT bemi.start()');

# Locks, and a cancelled one.
my $locker = start_client('psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-c', 'BEGIN', '-c', 'UPDATE todo SET done = true WHERE id = 1',
    '-c', q{SELECT 'done'}, '-c', 'SELECT pg_sleep(1000)');
pump_until($locker->{process}, $locker->{timer}, \$locker->{lines}, qr/^done$/m);
like(revert(q{relation => 'todo', context => '{"user": 7}'}, q{SET lock_timeout = '100 ms'}), qr/^ERROR:  55P03: canceling statement due to lock timeout/, 'lock_timeout');
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(1000)'});
$locker->{process}->finish;
is(revert(q{relation => 'todo', context => '{"user": 7}'}), '1 UPDATE task reverted', 'when the lock is gone');
my $number = $ENV{BEMI_LONG} ? 100_000 : 20_000;
$node->safe_psql('postgres', qq{
    CREATE TABLE many (id int PRIMARY KEY, n int);
    SELECT bemi.track('many');
    INSERT INTO many SELECT i, 0 FROM generate_series(1, $number) i;
    SET bemi.context = '{"many": 1}';
    UPDATE many SET n = 1;
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN IF NEW.id = $number / 2 THEN PERFORM pg_sleep(1000); END IF; RETURN NEW; END\$\$;
    CREATE TRIGGER wait BEFORE UPDATE ON many FOR EACH ROW EXECUTE FUNCTION wait();
});
my $reverter = start_client('psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', q{SELECT FROM bemi.revert(context => '{"many": 1}')});
$node->poll_query_until('postgres', q{SELECT bool_or(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
$reverter->{process}->finish;
is(one_of($node, 'SELECT count(*) FROM many WHERE n = 1'), $number, 'nothing is done after it is cancelled in the middle');
is(sql(q{SELECT count(*), min(sql) FROM bemi.revert(context => '{"many": 1}', dry_run => true)}), qq{$number|UPDATE ONLY public.many SET n = '0' WHERE id = '1';}, 'a dry run of them');
$node->safe_psql('postgres', 'DROP TRIGGER wait ON many');
is(sql(q{SELECT count(*), min(status) FROM bemi.revert(context => '{"many": 1}')}), "$number|reverted", 'many rows');
is(one_of($node, 'SELECT count(*) FROM many WHERE n = 0'), $number, 'they are as they were');

# Types of the caller that are called as those of PostgreSQL, and settings that matter to reading values.
$node->safe_psql('postgres', q{
    CREATE SCHEMA hidden;
    CREATE DOMAIN hidden.text AS int; CREATE DOMAIN hidden.jsonb AS int; CREATE DOMAIN hidden.int4 AS pg_catalog.date; CREATE DOMAIN hidden.oid AS date;
    CREATE TABLE public.page (id int PRIMARY KEY, body xml, list text[]);
    SELECT bemi.track('page');
    INSERT INTO page VALUES (1, 'no <b/> document', '{a,NULL}'), (2, NULL, NULL);
    SET bemi.context = '{"odd": 6}';
    UPDATE page SET body = '<b/>', list = '{}'});
my $pages = sql(q{SELECT string_agg(sql, ' ' ORDER BY key) FROM bemi.revert(context => '{"odd": 6}', dry_run => true)});
is(sql(qq{BEGIN; SET LOCAL array_nulls = off; $pages; SELECT list FROM page WHERE id = 1; ROLLBACK}), '{a,NULL}', 'nor to the SQL of a dry run') or diag($pages);
is(sql(q{SET search_path = hidden, pg_catalog; SET xmloption = document; SET array_nulls = off; SELECT status FROM bemi.revert(context => '{"odd": 6}')}), "reverted\nreverted",
    'settings make no difference');
is(one_of($node, q{SELECT string_agg(page::text, ' ' ORDER BY id) FROM page}), '(1,"no <b/> document","{a,NULL}") (2,,)', 'the values are the same');

# Names and values are nothing but names and values.
my ($table, $column) = (q{"x""; DROP TABLE victim; --"}, q{"a'); DROP TABLE victim; -- %s $1"});
$node->safe_psql('postgres', qq{
    CREATE TABLE victim (id int);
    CREATE TABLE public.$table (id text PRIMARY KEY, $column text, u text UNIQUE, p text REFERENCES public.$table);
    SELECT bemi.track(oid) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'x"; DROP%';
    INSERT INTO public.$table VALUES (\$v\$'; DROP TABLE victim; --\$v\$, \$v\$'); DROP TABLE victim; --\$v\$, '\\''; DROP TABLE victim; --');
    SET bemi.context = '{"''; DROP TABLE victim; --": 1}';
    UPDATE public.$table SET $column = 'x', u = 'y';
    SET bemi.context = '{"''; DROP TABLE victim; --": 2}';
    DELETE FROM public.$table;
});
my $injected = q{context => '{"''; DROP TABLE victim; --": %s}'};
my $deletion = sql('SELECT sql FROM bemi.revert(' . sprintf($injected, 2) . ', dry_run => true)');
is(sql("BEGIN; $deletion\nSELECT count(*) FROM public.$table; ROLLBACK"), '1', 'the SQL of a dry run with hostile names') or diag($deletion);
is(sql('SELECT action, status FROM bemi.revert(' . sprintf($injected, $_) . ')'), ($_ == 2 ? 'INSERT' : 'UPDATE') . '|reverted', 'hostile names and values') for 2, 1;
is(sql(q{SELECT FROM bemi.revert(key => '''; DROP TABLE victim; --', relation => (SELECT oid FROM pg_class WHERE relkind = 'r' AND relname LIKE 'x"; DROP%'))}), '', 'as arguments');
is(one_of($node, "SELECT count(*) FROM victim") . one_of($node, "SELECT count(*) FROM public.$table"), '00', 'nobody was harmed');

# Values that are stored out of line.
$node->safe_psql('postgres', q{
    CREATE TABLE large (id int PRIMARY KEY, v text, n int);
    ALTER TABLE large ALTER v SET STORAGE EXTERNAL;
    SELECT bemi.track('large');
    INSERT INTO large VALUES (1, repeat('x', 100000), 0), (2, repeat('y', 100000), 0);
    SET bemi.context = '{"large": 1}';
    UPDATE large SET n = 1 WHERE id = 1;
    DELETE FROM large WHERE id = 2;
});
is(revert(q{context => '{"large": 1}'}), "2 INSERT id,v,n reverted\n1 UPDATE n reverted", 'large values');
is(one_of($node, q{SELECT string_agg(length(v) || ' ' || n, ', ') FROM large WHERE v IN (repeat('x', 100000), repeat('y', 100000))}), '100000 0, 100000 0', 'they are as before');
$node->safe_psql('postgres', q{ALTER TABLE large REPLICA IDENTITY DEFAULT; SET bemi.context = '{"large": 2}'; UPDATE large SET n = 2});
like(revert(q{context => '{"large": 2}'}), qr/^ERROR:  55000: changes of table "large" .*may be missing|^ERROR:  55000: .*\nDETAIL:  .*replica identity/s, 'values that the WAL did not have');
is(one_of($node, 'SELECT sum(n) FROM large'), 4, 'nothing is done');

done_testing();
