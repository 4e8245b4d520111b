\echo Use "CREATE EXTENSION bemi" to load this file. \quit

-- CREATE EXTENSION puts the extension's schema into search_path, and the owner of that schema could have functions and
-- operators there that fit better than those of pg_catalog. With this search_path, unqualified names are pg_catalog's: in
-- views they are bound now, and functions have the same search_path in a SET clause.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'bemi') THEN
        RAISE insufficient_privilege
            USING MESSAGE = 'schema "bemi" belongs to a role that is not a superuser',
                  HINT = 'Use ALTER SCHEMA bemi OWNER TO CURRENT_USER first.';
    END IF;
END
$$;

COMMENT ON SCHEMA bemi IS 'The extension bemi: its functions, what it tracks, and the changes that it has stored.';
