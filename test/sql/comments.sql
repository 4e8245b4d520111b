-- Every object of the extension that a user can see is described in the database itself.
\t on
\pset format unaligned
CREATE TEMPORARY VIEW described AS
SELECT d.classid, d.objid, 0 AS objsubid, obj_description(d.objid, d.classid::regclass::text) AS comment
FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'bemi') AND d.deptype = 'e'
  AND d.classid <> 'pg_type'::regclass -- the types of tables, which are members from PostgreSQL 17 on
UNION ALL
SELECT d.classid, a.attrelid, a.attnum, col_description(a.attrelid, a.attnum)
FROM pg_depend d
JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'v')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE d.classid = 'pg_class'::regclass
  AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'bemi') AND d.deptype = 'e'
UNION ALL
SELECT 'pg_namespace'::regclass, 'bemi'::regnamespace, 0, obj_description('bemi'::regnamespace, 'pg_namespace');
-- nothing without a comment
SELECT pg_describe_object(classid, objid, objsubid) FROM described WHERE COALESCE(comment, '') = '';
-- and there is something to describe
SELECT classid::regclass, objsubid > 0 AS of_column, count(*) > 3 AS several FROM described GROUP BY 1, 2 ORDER BY 1, 2;
-- the comment of a function that people call names its columns
SELECT p.oid::regprocedure, o.name
FROM pg_proc p
CROSS JOIN unnest(p.proargnames, p.proargmodes) AS o (name, mode)
WHERE p.pronamespace = 'bemi'::regnamespace AND o.mode IN ('o', 't')
  AND obj_description(p.oid, 'pg_proc') NOT LIKE 'Internal%' AND obj_description(p.oid, 'pg_proc') !~ ('\m' || o.name || '\M');
-- what people read: the rest says that it is internal
SELECT relname FROM pg_class WHERE relnamespace = 'bemi'::regnamespace AND relkind = 'v' ORDER BY relname;
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'bemi'::regnamespace AND obj_description(p.oid, 'pg_proc') NOT LIKE 'Internal%' ORDER BY p.oid::regprocedure::text COLLATE "C";
-- what may be called, by whom
SELECT p.oid::regprocedure, provolatile, proparallel, proisstrict, prosecdef, proconfig, has_function_privilege('public', p.oid, 'EXECUTE')
FROM pg_proc p WHERE pronamespace = 'bemi'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";
-- the settings
SELECT name, setting, unit, context, vartype, short_desc IS NOT NULL AS described FROM pg_settings WHERE name LIKE 'bemi.%' ORDER BY name COLLATE "C";
