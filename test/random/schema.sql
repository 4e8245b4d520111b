-- Tables for the random load, and a ledger that knows nothing of bemi. Each row names the context that its change should
-- bear, and the ledger writes down what AFTER triggers see, in the transaction of the change itself.
CREATE SCHEMA ledger;
CREATE SCHEMA apart;
GRANT USAGE ON SCHEMA ledger TO PUBLIC;

CREATE TABLE ledger.entry (
    at bigserial PRIMARY KEY,
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    "table" text NOT NULL,
    operation text NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    context jsonb,
    tag text,
    query text DEFAULT left(current_query(), 3000)
);

-- For a change without a new row to carry it.
CREATE FUNCTION ledger.expects(context text, tag text) RETURNS boolean VOLATILE COST 10000 LANGUAGE sql
    RETURN set_config('ledger.context', context, true) || set_config('ledger.tag', tag, true) IS NOT NULL;

CREATE FUNCTION ledger.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    context jsonb := nullif(current_setting('ledger.context', true), '');
    tag text := current_setting('ledger.tag', true);
BEGIN
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        IF NEW.expect IS NULL THEN RETURN NULL; END IF; -- it knows that it is not tracked
        context := NEW.expect;
        tag := NEW.tag;
    END IF;
    INSERT INTO ledger.entry ("table", operation, before, after, context, tag)
    VALUES (TG_TABLE_NAME, CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END,
            CASE WHEN TG_OP IN ('UPDATE', 'DELETE') THEN to_jsonb(OLD) ELSE '{}' END,
            CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN to_jsonb(NEW) ELSE '{}' END, context, tag);
    RETURN NULL;
END $$;

CREATE FUNCTION ledger.follow(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER "~ledger" AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION ledger.note()', relation);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "~ledger"', relation);
END $$;

CREATE TABLE item (id int PRIMARY KEY, n bigint DEFAULT 0, expect jsonb, tag text, amount numeric, note text,
                   at timestamptz DEFAULT clock_timestamp(), half bigint GENERATED ALWAYS AS (n / 2) STORED);
CREATE TABLE detail (id bigserial PRIMARY KEY, item int REFERENCES item ON DELETE CASCADE, expect jsonb, tag text);
CREATE INDEX ON detail (item);
CREATE TABLE bulk (id bigserial PRIMARY KEY, n int, expect jsonb, tag text, filler text);
CREATE TABLE part (id int, region text, n int DEFAULT 0, expect jsonb, tag text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE part_a PARTITION OF part FOR VALUES IN ('a');
CREATE TABLE part_b PARTITION OF part FOR VALUES IN ('b');
CREATE TABLE part_c PARTITION OF part FOR VALUES IN ('c');
CREATE TABLE deferring (id bigserial PRIMARY KEY, expect jsonb, tag text, later jsonb);
CREATE TABLE echo (id bigserial PRIMARY KEY, source bigint, expect jsonb, tag text);
CREATE TABLE notebook (id bigserial PRIMARY KEY, expect jsonb, tag text);
CREATE TABLE shifting (id int PRIMARY KEY, n int DEFAULT 0, expect jsonb, tag text);
CREATE TABLE scratch (id bigserial, expect jsonb, tag text);
CREATE TABLE apart.toggled (id int, expect jsonb, tag text);
SELECT ledger.follow(t) FROM unnest('{item,detail,bulk,part,deferring,echo,notebook,shifting,scratch,apart.toggled}'::regclass[]) AS t;
CREATE TRIGGER "~ledger_truncate" AFTER TRUNCATE ON scratch FOR EACH STATEMENT EXECUTE FUNCTION ledger.note();
ALTER TABLE scratch ENABLE ALWAYS TRIGGER "~ledger_truncate";

CREATE FUNCTION write_echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO echo (source, expect, tag)
    VALUES (NEW.id, coalesce(NEW.later, current_setting('ledger.later')::jsonb), NEW.tag);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON deferring DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION write_echo();

CREATE VIEW item_view AS SELECT id, expect, tag FROM item;
CREATE RULE instead AS ON UPDATE TO item_view DO INSTEAD (
    UPDATE item SET n = n + 1, expect = NEW.expect, tag = NEW.tag WHERE id = OLD.id;
    INSERT INTO notebook (expect, tag) VALUES (NEW.expect, NEW.tag)
);

-- A function with a context of its own, which it changes half-way. A comment of the statement goes over both.
CREATE FUNCTION ledger.write_inside(item_id int, comment jsonb, tag text) RETURNS void LANGUAGE plpgsql
    SET bemi.context = '{"f": 1, "k": "first"}' AS $$
BEGIN
    INSERT INTO notebook (expect, tag) VALUES ('{"f": 1, "k": "first"}'::jsonb || comment, tag);
    PERFORM bemi.set_context('{"f": 2}', true);
    UPDATE item SET n = n + 1, expect = '{"f": 2}'::jsonb || comment, tag = write_inside.tag WHERE id = item_id;
END $$;

CREATE FUNCTION ledger.truncate_scratch(context text, tag text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.expects(context, tag);
    INSERT INTO scratch (expect, tag) VALUES (context::jsonb, tag);
    TRUNCATE scratch;
END $$;

CREATE ROLE writer_plain LOGIN;
CREATE ROLE writer_default LOGIN;
ALTER ROLE writer_default SET bemi.context = '{"role": "default", "k": "role"}';
CREATE ROLE writer_facts LOGIN;
ALTER ROLE writer_facts SET bemi.capture = 'session_user';
GRANT ALL ON ALL TABLES IN SCHEMA public TO writer_plain, writer_default, writer_facts;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO writer_plain, writer_default, writer_facts;
