# pg_dump and restore keep what is tracked.
use strict;
use warnings;
use Bemi;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = server('main');
$node->safe_psql('postgres', q{
    CREATE TABLE todo (id int PRIMARY KEY, task text);
    CREATE TABLE bulk (id int PRIMARY KEY);
    CREATE TABLE untracked (id int PRIMARY KEY);
    CREATE TABLE measure (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE measure_2023 PARTITION OF measure FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE child () INHERITS (parent);
    CREATE SCHEMA "My App";
    CREATE TABLE "My App"."Order" ("Id" int PRIMARY KEY, "Se,cret" text);
    CREATE TABLE account (id int PRIMARY KEY, "a,b" text, "it's" text, "q""\\*" text, "=n
        n" text, "ä€" text);
    SELECT bemi.track('account', ignore_columns => '{ä€}', exclude_columns => ARRAY['a,b', 'it''s'], redact_columns => ARRAY['q"\\*', E'=n\n*'],
                      skip_unchanged => true);
    SELECT bemi.track('todo'), bemi.track('bulk', level => 'statement'), bemi.track('measure'), bemi.track('parent');
    SELECT bemi.track_schema('"My App"', redact_columns => '{"Order.Se,*"}');
    INSERT INTO todo VALUES (1, 'Sleep');
});

my $rules = 'ignore_columns, exclude_columns, redact_columns, skip_unchanged';
my $tracked = qq{SELECT relation, level, root, by_schema, problems, $rules FROM bemi.tracked_tables ORDER BY relation::text};
my $triggers = q{SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0 FROM pg_trigger
    WHERE tgname LIKE '~bemi%' ORDER BY tgrelid::regclass::text, tgname};
my $identities = q{SELECT oid::regclass, relreplident FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace IN ('public'::regnamespace, '"My App"'::regnamespace) ORDER BY oid::regclass::text};

my $other = server('other');
my $file = PostgreSQL::Test::Utils::tempdir . '/dump';

sub check_restored {
    my ($target, $database, $name) = @_;
    is(one_of($target, $tracked, $database), one_of($node, $tracked), "$name: the same tables are tracked");
    is(one_of($target, $triggers, $database), one_of($node, $triggers), "$name: the same triggers");
    is(one_of($target, "SELECT schema, $rules FROM bemi.tracked_schemas", $database), 'My App|{}|{}|{"Order.Se,*"}|f', "$name: the same rules for a schema");
    is(one_of($target, $identities, $database), one_of($node, $identities), "$name: the same replica identities");

    create_slot($target, 's', $database);
    $target->safe_psql($database, q{
        SET bemi.context = '{"user_id": 1}';
        INSERT INTO todo VALUES (2, 'Eat');
        INSERT INTO bulk VALUES (3);
        INSERT INTO measure VALUES (4, '2023-05-05');
        INSERT INTO child VALUES (5);
        INSERT INTO account SELECT 8, s, s, s, s, s FROM (VALUES ('secret')) AS v (s);
        UPDATE account SET "ä€" = 'seen';
        CREATE TABLE "My App"."Later" (id int PRIMARY KEY);
        INSERT INTO "My App"."Later" VALUES (6);
        UPDATE "My App"."Later" SET id = 7;
    });
    my @changes = receive($target, 's', database => $database);
    is(brief(@changes), <<'END' =~ s/\n\z//r, "$name: contexts are captured");
CREATE 2 {"user_id":1}
CREATE 3 {"user_id":1}
CREATE [4,"2023-05-05"] {"user_id":1}
CREATE null {"user_id":1}
CREATE 8 {"user_id":1}
CREATE 6 {"user_id":1}
UPDATE 7 {"user_id":1}
END
    is_deeply([ sort values %{ $changes[4]{after} } ], [ 8, '[REDACTED]', '[REDACTED]', 'secret' ], "$name: what is hidden stays hidden");
    $target->safe_psql($database, q{SELECT bemi.untrack('todo'), bemi.untrack('bulk'), bemi.untrack_schema('"My App"')});
    is(one_of($target, q{SELECT relreplident FROM pg_class WHERE relname = 'todo'}, $database), 'd',
        "$name: untrack() still knows the former replica identity");
    $target->safe_psql($database, q{SELECT pg_drop_replication_slot('s')});
}

$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_dump', '--format=custom', '--file', $file, $node->connstr('postgres') ], 'pg_dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--dbname', $node->connstr('copy'), $file ], 'pg_restore');
check_restored($node, 'copy', 'another database');

$other->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'pg_dump', '--file', $file, $node->connstr('postgres') ], 'pg_dump as a script');
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, $other->connstr('copy') ],
    'psql runs it');
check_restored($other, 'copy', 'another server');

# Single tables, into a database that tracks nothing and into one whose schema is tracked: the triggers of the dump take
# the place of those that are there already.
$node->command_ok([ 'pg_dump', '-Fc', '-t', 'todo', '-t', 'bulk', '-t', 'measure*', '--file', $file, $node->connstr('postgres') ], 'pg_dump -t');
$node->command_ok([ 'pg_dump', '-Fp', '-t', 'todo', '-t', 'bulk', '-t', 'measure*', '--file', "$file.sql", $node->connstr('postgres') ], 'the same as a script');
# (pg_restore --clean cannot drop the primary key of a partition, with or without bemi)
$node->command_ok([ 'pg_dump', '-Fc', '-t', 'todo', '-t', 'bulk', '--file', "$file.clean", $node->connstr('postgres') ], 'and one without partitions');
my $some = q{SELECT relation, level, root, by_schema, problems FROM bemi.tracked_tables
    WHERE relation::text ~ '^(todo|bulk|measure)' ORDER BY relation::text};
my $wanted = one_of($node, $some);
for my $rule ('SELECT 1', q{SELECT bemi.track_schema('public')}, q{SELECT bemi.track_schema('public', 'statement')}) {
    for my $restore (
        [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$file.sql", '-d' ],
        [ 'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-f', "$file.sql", '-d' ],
        [ 'pg_restore', '--exit-on-error', '-1', $file, '-d' ],
        [ 'pg_restore', '--exit-on-error', '-j', '2', $file, '-d' ],
        [ 'pg_restore', '--exit-on-error', '--disable-triggers', '--data-only', '-t', 'untracked', $file, '-d' ],
        [ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', "$file.clean", '-d' ]) {
        my $what = join ' ', "$rule:", grep { !/^\Q$file\E/ } @$restore;
        $other->safe_psql('postgres', 'CREATE DATABASE part');
        $other->safe_psql('part', "CREATE EXTENSION bemi; $rule");
        if (grep { /--clean|--data-only/ } @$restore) {
            $other->command_ok([ 'pg_restore', '--exit-on-error', $file, '-d', $other->connstr('part') ], "$what: once before");
        }
        $other->command_ok([ @$restore, $other->connstr('part') ], $what);
        is(one_of($other, $some, 'part'), $wanted, "$what: tracked as it was");
        create_slot($other, 'p', 'part');
        $other->safe_psql('part', q{SET bemi.context = '{"n": 1}'; INSERT INTO todo VALUES (9); INSERT INTO measure VALUES (4, '2023-05-05')});
        is(brief(receive($other, 'p', database => 'part', 'tracked-only' => 'on')), qq(CREATE 9 {"n":1}\nCREATE [4,"2023-05-05"] {"n":1}), "$what: captured");
        $other->safe_psql('part', q{SELECT pg_drop_replication_slot('p')});
        $other->safe_psql('postgres', 'DROP DATABASE part');
    }
}

done_testing();
