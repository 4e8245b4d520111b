-- Five tables of one shape, whose changes are recorded in five ways. Each has REPLICA IDENTITY FULL, so that what is
-- compared is the recording.

CREATE TABLE untracked (
    id bigint PRIMARY KEY,
    task text NOT NULL,
    is_completed boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE untracked REPLICA IDENTITY FULL;

CREATE TABLE bemi_row (LIKE untracked INCLUDING ALL);
SELECT bemi.track('bemi_row');

CREATE TABLE bemi_statement (LIKE untracked INCLUDING ALL);
SELECT bemi.track('bemi_statement', level => 'statement');

-- A logical message per row: the statement's comment, cut out of the text.
CREATE TABLE plpgsql_message (LIKE untracked INCLUDING ALL);
ALTER TABLE plpgsql_message REPLICA IDENTITY FULL;

CREATE FUNCTION bench.emit_comment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    context text := split_part(split_part(current_query(), '/*Bemi', 2), 'Bemi*/', 1);
BEGIN
    IF context <> '' THEN
        PERFORM pg_logical_emit_message(true, '_bemi', context);
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER emit_comment BEFORE INSERT OR UPDATE OR DELETE ON plpgsql_message
    FOR EACH ROW EXECUTE FUNCTION bench.emit_comment();

-- An audit table, without a context.
CREATE TABLE plpgsql_audit (LIKE untracked INCLUDING ALL);
ALTER TABLE plpgsql_audit REPLICA IDENTITY FULL;

CREATE TABLE bench.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL,
    operation text NOT NULL,
    before jsonb,
    after jsonb,
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION bench.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench.audit (table_name, operation, before, after)
    VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON plpgsql_audit
    FOR EACH ROW EXECUTE FUNCTION bench.audit();
