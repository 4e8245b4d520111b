-- Taking changes back: the columns of a table, and how their values are read from the JSON of a change. The SQL that these functions
-- return also runs under the search_path of the caller, for that of triggers: it names the schema of everything.

CREATE FUNCTION bemi.revert_schema(namespace oid) RETURNS name
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT n.nspname FROM pg_namespace n WHERE n.oid = $1;
END;
COMMENT ON FUNCTION bemi.revert_schema(oid) IS 'Internal, for bemi.revert(): the name of a schema.';

-- type has no modifier: what assigns the value applies that of the column, and refuses a value that does not fit.
CREATE FUNCTION bemi.revert_columns(relation oid) RETURNS TABLE (
    name text, number smallint, key_number integer, type text, base oid, is_settable boolean, is_not_null boolean, has_default boolean)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE base (oid, type) AS (
        SELECT DISTINCT a.atttypid, a.atttypid FROM pg_attribute a WHERE a.attrelid = $1
        UNION ALL
        SELECT b.oid, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
    )
    SELECT a.attname, a.attnum, k.position::integer, format('%I.%I', bemi.revert_schema(t.typnamespace), t.typname), b.type,
           a.attgenerated = '', a.attnotnull, a.atthasdef OR a.attidentity <> ''
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN base b ON b.oid = a.atttypid
    JOIN pg_type bt ON bt.oid = b.type AND bt.typtype <> 'd'
    LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
    LEFT JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)
        ON k.attnum = a.attnum AND k.position <= i.indnkeyatts
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped;
END;
COMMENT ON FUNCTION bemi.revert_columns(oid) IS
    'Internal, for bemi.revert(): the columns of a table, with the place of each in the primary key, and with the type below its domain.';

-- Most types read the text of their values. Arrays and composites do not look so in JSON.
CREATE FUNCTION bemi.revert_value(image text, name text, type text, base oid, is_not_null boolean) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format(CASE
        WHEN $4 IN ('json'::regtype, 'jsonb'::regtype) AND $5 THEN 'pg_catalog.jsonb_object_field(%1$s, %2$L)::%3$s'
        WHEN $4 IN ('json'::regtype, 'jsonb'::regtype) THEN
            '(CASE WHEN pg_catalog.jsonb_typeof(pg_catalog.jsonb_object_field(%1$s, %2$L)) OPERATOR(pg_catalog.<>) ''null''
              THEN pg_catalog.jsonb_object_field(%1$s, %2$L) END)::%3$s'
        WHEN t.typname = 'hstore' AND t.typnamespace = x.extnamespace THEN
            '(CASE WHEN pg_catalog.jsonb_typeof(pg_catalog.jsonb_object_field(%1$s, %2$L)) OPERATOR(pg_catalog.=) ''object''
              THEN (SELECT %4$I.hstore(coalesce(pg_catalog.array_agg(e.key), ''{}''), coalesce(pg_catalog.array_agg(e.value), ''{}''))
                    FROM pg_catalog.jsonb_each_text(pg_catalog.jsonb_object_field(%1$s, %2$L)) AS e) END)::%3$s'
        WHEN $4 = 'xml'::regtype THEN 'XMLPARSE(CONTENT pg_catalog.jsonb_object_field_text(%1$s, %2$L))::%3$s'
        WHEN t.typtype = 'c' OR t.typcategory = 'A' THEN
            '(SELECT r.v FROM pg_catalog.jsonb_to_record(pg_catalog.jsonb_build_object(''v'', pg_catalog.jsonb_object_field(%1$s, %2$L))) AS r (v %3$s))'
        ELSE 'pg_catalog.jsonb_object_field_text(%1$s, %2$L)::%3$s' END, $1, $2, $3, bemi.revert_schema(x.extnamespace))
    FROM pg_type t LEFT JOIN pg_extension x ON x.extname = 'hstore'
    WHERE t.oid = $4;
END;
COMMENT ON FUNCTION bemi.revert_value(text, text, text, oid, boolean) IS
    'Internal, for bemi.revert(): SQL for the value that a column has in the image of a row, as its type.';

-- SQL: the operator that says whether values of the type are equal.
CREATE FUNCTION bemi.revert_equality(type oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(min(format('OPERATOR(%I.%s)', bemi.revert_schema(o.oprnamespace), o.oprname)), 'OPERATOR(pg_catalog.=)')
    FROM pg_opclass c
    JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
    JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype AND a.amopstrategy = 3
    JOIN pg_operator o ON o.oid = a.amopopr
    WHERE c.opcintype = $1 AND c.opcdefault;
END;
COMMENT ON FUNCTION bemi.revert_equality(oid) IS 'Internal, for bemi.revert(): SQL for the operator that compares values of a type.';

-- SQL: whether the row t has the primary key that is in the image. The operators are those of the index.
CREATE FUNCTION bemi.revert_place(relation oid, image text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(format('t.%I OPERATOR(%I.%s) %s', c.name, bemi.revert_schema(o.oprnamespace), o.oprname,
                             bemi.revert_value($2, c.name, c.type, c.base, true)), ' AND ' ORDER BY c.key_number)
    FROM bemi.revert_columns($1) c
    JOIN pg_index i ON i.indrelid = $1 AND i.indisprimary
    JOIN pg_opclass p ON p.oid = (i.indclass::oid[])[c.key_number - 1]
    JOIN pg_amop a ON a.amopfamily = p.opcfamily AND a.amoplefttype = p.opcintype AND a.amoprighttype = p.opcintype AND a.amopstrategy = 3
    JOIN pg_operator o ON o.oid = a.amopopr;
END;
COMMENT ON FUNCTION bemi.revert_place(oid, text) IS
    'Internal, for bemi.revert(): SQL for the condition that finds a row by the primary key in the image; null if there is none.';

-- SQL: the primary key in the image, in a form that is the same for the same key.
CREATE FUNCTION bemi.revert_key(relation oid, image text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE WHEN count(*) = 1 THEN format('%s->>%L', $2, min(c.name))
           ELSE string_agg(format('(%s->%L)::text', $2, c.name), ' || chr(44) || ' ORDER BY c.key_number) END
    FROM bemi.revert_columns($1) c
    WHERE c.key_number IS NOT NULL;
END;
COMMENT ON FUNCTION bemi.revert_key(oid, text) IS
    'Internal, for bemi.revert(): SQL for a text that tells rows apart as their primary keys do; null if the table has none.';

CREATE FUNCTION bemi.revert_name(relation oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT format('%I.%I', bemi.revert_schema(c.relnamespace), c.relname) FROM pg_class c WHERE c.oid = $1;
END;
COMMENT ON FUNCTION bemi.revert_name(oid) IS 'Internal, for bemi.revert(): the name of a table as SQL.';

CREATE FUNCTION bemi.revert_table(relation oid) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || bemi.revert_name($1) FROM pg_class c WHERE c.oid = $1;
END;
COMMENT ON FUNCTION bemi.revert_table(oid) IS
    'Internal, for bemi.revert(): the table as SQL; tables that inherit from it are left out, unless they are its partitions.';
