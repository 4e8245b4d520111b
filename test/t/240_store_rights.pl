# What the owner of bemi's tables puts there runs in the worker with his rights, whatever it is and whenever it runs: an
# owner who is no superuser does not become one. The store goes on, or says why it does not.
use strict;
use warnings;
use Bemi;
use Test::More;

my $node = server('main');
create_todo($node);
$node->safe_psql('postgres', q{
    CREATE ROLE bob LOGIN;
    CREATE SCHEMA bob AUTHORIZATION bob;
    GRANT CREATE ON SCHEMA bemi TO bob;
    SELECT bemi.start();
    INSERT INTO todo VALUES (0);
});
ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM bemi.changes'), 'it stores');
$node->safe_psql('postgres', q{
    DO $$ DECLARE name regclass; BEGIN
        FOR name IN SELECT oid FROM pg_class WHERE relnamespace = 'bemi'::regnamespace AND relkind IN ('r', 'p') LOOP
            EXECUTE format('ALTER TABLE %s OWNER TO bob', name);
        END LOOP;
    END $$;
    GRANT SELECT ON ALL TABLES IN SCHEMA bemi TO bob;
});

my $bob = $node->connstr('postgres') . ' user=bob';
sub as_bob { $node->safe_psql('postgres', $_[0], connstr => $bob) }

# Each runs what it can with the rights that it has. The sequence counts even what is rolled back.
as_bob(q{
    CREATE SEQUENCE bob.calls;
    CREATE FUNCTION bob.try() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        PERFORM nextval('bob.calls');
        EXECUTE 'ALTER ROLE bob SUPERUSER';
        RETURN true;
    EXCEPTION WHEN insufficient_privilege THEN
        RETURN true;
    END $$;
    CREATE FUNCTION bob.try(anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN bob.try() THEN $1 END $$;
    CREATE FUNCTION bob.by_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_NARGS > 0 THEN EXECUTE TG_ARGV[0]; END IF;
        PERFORM bob.try();
        RETURN NEW;
    END $$;
    CREATE FUNCTION bob.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql AS $$
        SELECT CASE WHEN bob.try() THEN 1::bigint END $$;
    CREATE FUNCTION bob.hashtextextended(text, integer) RETURNS bigint LANGUAGE sql AS $$
        SELECT CASE WHEN bob.try() THEN 2::bigint END $$;
});

sub trigger {
    my ($statement, $table) = @_;
    $table //= 'bemi.progress';
    return (trap => "CREATE TRIGGER trap BEFORE UPDATE ON $table FOR EACH ROW EXECUTE FUNCTION bob.by_trigger(\$\$$statement\$\$)",
        mend => "DROP TRIGGER trap ON $table");
}

my $partition = one_of($node, 'SELECT partition FROM bemi.partitions ORDER BY from_time LIMIT 1');
my @traps = (
    { name => 'a trigger', trigger('SELECT 1') },
    {
        name => 'a deferred trigger',
        trap => 'CREATE CONSTRAINT TRIGGER trap AFTER UPDATE ON bemi.progress DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bob.by_trigger()',
        mend => 'DROP TRIGGER trap ON bemi.progress',
        refused => 'cannot fire deferred trigger',
    },
    {
        name => 'a trigger that becomes a deferred one',
        trap => q{CREATE CONSTRAINT TRIGGER trap AFTER UPDATE ON bemi.progress DEFERRABLE FOR EACH ROW EXECUTE FUNCTION bob.by_trigger();
            CREATE TRIGGER first BEFORE UPDATE ON bemi.progress FOR EACH ROW EXECUTE FUNCTION bob.by_trigger('SET CONSTRAINTS ALL DEFERRED')},
        mend => 'DROP TRIGGER trap ON bemi.progress; DROP TRIGGER first ON bemi.progress',
        refused => 'cannot fire deferred trigger',
    },
    {
        name => 'a deferred constraint with an expression',
        trap => q{CREATE TABLE bob.pair (id int, EXCLUDE ((bob.try(id)) WITH =) DEFERRABLE INITIALLY DEFERRED);
            INSERT INTO bob.pair VALUES (1);
            CREATE TRIGGER trap BEFORE UPDATE ON bemi.progress FOR EACH ROW EXECUTE FUNCTION bob.by_trigger('INSERT INTO bob.pair VALUES (1)')},
        mend => 'DROP TRIGGER trap ON bemi.progress; DROP TABLE bob.pair',
        refused => 'cannot fire deferred trigger',
    },
    { name => 'a cursor with hold', trigger('DECLARE c CURSOR WITH HOLD FOR SELECT bob.try()'), refused => 'cannot create a cursor WITH HOLD' },
    { name => 'another session user', trigger('RESET SESSION AUTHORIZATION'), refused => 'cannot set parameter "session_authorization"' },
    { name => 'another role', trigger('RESET ROLE'), refused => 'cannot set parameter "role"' },
    {
        name => 'a function of another role',
        trap => q{CREATE FUNCTION bob.as_other() RETURNS trigger LANGUAGE plpgsql SET role = 'none' AS 'BEGIN PERFORM bob.try(); RETURN NEW; END';
            CREATE TRIGGER trap BEFORE UPDATE ON bemi.progress FOR EACH ROW EXECUTE FUNCTION bob.as_other()},
        mend => 'DROP TRIGGER trap ON bemi.progress',
        refused => 'cannot set parameter "role"',
    },
    {
        name => 'a transaction of its own',
        trap => q{CREATE FUNCTION bob.commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN COMMIT; PERFORM bob.try(); RETURN NEW; END';
            CREATE TRIGGER trap BEFORE UPDATE ON bemi.progress FOR EACH ROW EXECUTE FUNCTION bob.commit()},
        mend => 'DROP TRIGGER trap ON bemi.progress',
        refused => 'invalid transaction termination',
    },
    { name => 'a temporary table', trigger('CREATE TEMP TABLE pg_class ()'),
        refused => 'cannot create temporary table' },
    { name => 'a search_path for the worker', trigger('SET search_path = bob, pg_catalog') },
    { name => 'settings for the worker', trigger(q{SET default_transaction_read_only = on; SET bemi.context = '{"by":"bob"}'}) },
    { name => 'a rule', trap => 'CREATE RULE trap AS ON UPDATE TO bemi.progress DO ALSO SELECT bob.try()', mend => 'DROP RULE trap ON bemi.progress' },
    { name => 'a constraint', trap => 'ALTER TABLE bemi.changes ADD CONSTRAINT trap CHECK (bob.try(sequence) >= 0) NOT VALID', mend => 'ALTER TABLE bemi.changes DROP CONSTRAINT trap' },
    { name => 'an expression of an index', trap => "CREATE INDEX trap ON $partition (bob.try(sequence))", mend => 'DROP INDEX bemi.trap' },
    { name => 'a default', trap => 'ALTER TABLE bemi.changes ADD COLUMN trap boolean; ALTER TABLE bemi.changes ALTER COLUMN trap SET DEFAULT bob.try()', mend => 'ALTER TABLE bemi.changes DROP COLUMN trap' },
    {
        name => 'a policy',
        trap => 'ALTER TABLE bemi.worker ENABLE ROW LEVEL SECURITY; CREATE POLICY trap ON bemi.worker USING (bob.try())',
        mend => 'DROP POLICY trap ON bemi.worker; ALTER TABLE bemi.worker DISABLE ROW LEVEL SECURITY',
    },
    { name => 'a trigger of the table of partitions',
        trap => "CREATE TRIGGER trap BEFORE INSERT ON $partition FOR EACH ROW EXECUTE FUNCTION bob.by_trigger()", mend => "DROP TRIGGER trap ON $partition" },
);

my $next = 0;
for my $trap (@traps) {
    my $calls = one_of($node, q{SELECT coalesce(pg_sequence_last_value('bob.calls'), 0)});
    as_bob($trap->{trap});
    $next++;
    $node->safe_psql('postgres', "INSERT INTO todo VALUES ($next)");
    my $stored = "EXISTS (SELECT FROM bemi.changes WHERE primary_key = '$next')";
    my $expected = $trap->{refused} ? "(SELECT last_error ~ '$trap->{refused}' FROM bemi.status)" : $stored;
    ok($node->poll_query_until('postgres', "SELECT $expected"), "$trap->{name}: " . ($trap->{refused} ? 'is refused' : 'the store goes on'))
        or diag(one_of($node, 'SELECT m FROM bemi.metrics m'));
    $node->safe_psql('postgres', 'SELECT pg_reload_conf()'); # after which the worker looks at its settings
    as_bob($trap->{mend});
    $node->safe_psql('postgres', 'SELECT bemi.start()') if $trap->{refused};
    ok($node->poll_query_until('postgres', "SELECT $stored"), '... and has all in the end');
    is(one_of($node, q{SELECT rolsuper FROM pg_roles WHERE rolname = 'bob'}), 'f', '... bob is no superuser');
    $trap->{called} = one_of($node, q{SELECT coalesce(pg_sequence_last_value('bob.calls'), 0)}) - $calls;
}
is(join(', ', map { $_->{name} } grep { !$_->{called} && !$_->{refused} && $_->{name} !~ /^a (default|policy)$/ } @traps), '', 'what is not refused was called');

# The same where a superuser's session writes to a table of bob's.
as_bob(q{CREATE CONSTRAINT TRIGGER trap AFTER INSERT OR UPDATE ON bemi.worker DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bob.by_trigger()});
my ($status, $out, $errors) = $node->psql('postgres', 'SELECT bemi.stop()');
like($errors, qr/cannot fire deferred trigger/, 'bemi.stop() refuses to be deferred');
as_bob('DROP TRIGGER trap ON bemi.worker');
as_bob(q{CREATE TRIGGER trap BEFORE UPDATE ON bemi.worker FOR EACH ROW EXECUTE FUNCTION bob.by_trigger('SET search_path = bob, pg_catalog')});
is(one_of($node, 'SET search_path = public; SELECT bemi.stop(); SHOW search_path'), "\npublic", 'nor does it leave settings');
is(one_of($node, q{SELECT rolsuper FROM pg_roles WHERE rolname = 'bob'}), 'f', 'bob is still none');

done_testing();
