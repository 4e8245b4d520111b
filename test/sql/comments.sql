-- Every object of the extension that a user can see is described in the database itself.
\t on
\pset format unaligned
-- nothing without a comment
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'bemi') AND d.deptype = 'e'
  AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass)
  AND obj_description(d.objid, d.classid::regclass::text) IS NULL;
-- and there is something to describe
SELECT count(*) > 10
FROM pg_depend d
WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'bemi') AND d.deptype = 'e'
  AND obj_description(d.objid, d.classid::regclass::text) <> '';
-- what may be called, by whom
SELECT p.oid::regprocedure, provolatile, proparallel, proisstrict, prosecdef, proconfig, has_function_privilege('public', p.oid, 'EXECUTE')
FROM pg_proc p WHERE pronamespace = 'bemi'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";
-- the settings
SELECT name, setting, unit, context, vartype, short_desc IS NOT NULL AS described FROM pg_settings WHERE name LIKE 'bemi.%' ORDER BY name COLLATE "C";
