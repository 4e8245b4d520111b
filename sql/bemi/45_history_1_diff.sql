-- What differs between two images of a row, or any two values of JSON.

-- An absent key counts as null: a row that has come, or gone, differs in the values that it has.
CREATE FUNCTION bemi.diff(before jsonb, after jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF jsonb_typeof(before) <> 'object' OR jsonb_typeof(after) <> 'object' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('"%s" is not a JSON object', CASE WHEN jsonb_typeof(before) <> 'object' THEN 'before' ELSE 'after' END),
            HINT = 'bemi.json_patch() takes any two values.';
    END IF;
    RETURN (SELECT coalesce(jsonb_object_agg(k, jsonb_build_array(before->k, after->k)), '{}')
            FROM jsonb_object_keys(before || after) AS k
            WHERE nullif(before->k, 'null') IS DISTINCT FROM nullif(after->k, 'null'));
END
$$;
COMMENT ON FUNCTION bemi.diff(jsonb, jsonb) IS
    'What differs between two JSON objects, {"column": [old, new], ...}; an absent key counts as null.';

-- RFC 6902, whose paths are of RFC 6901.
CREATE FUNCTION bemi.patch_operations(before jsonb, after jsonb, deep boolean, path text) RETURNS SETOF jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kinds constant text := jsonb_typeof(before) || ' ' || jsonb_typeof(after);
    key text;
    place text;
BEGIN
    IF before = after THEN
        RETURN;
    ELSIF kinds = 'array array' AND deep THEN
        RETURN QUERY SELECT * FROM bemi.patch_operations_of_arrays(
            ARRAY(SELECT * FROM jsonb_array_elements(before)), ARRAY(SELECT * FROM jsonb_array_elements(after)), path);
        RETURN;
    ELSIF kinds <> 'object object' OR path <> '' AND NOT deep THEN
        RETURN NEXT jsonb_build_object('op', 'replace', 'path', path, 'value', after);
        RETURN;
    END IF;
    FOR key IN SELECT jsonb_object_keys(before || after) LOOP
        place := path || '/' || replace(replace(key, '~', '~0'), '/', '~1');
        IF NOT after ? key THEN
            RETURN NEXT jsonb_build_object('op', 'remove', 'path', place);
        ELSIF NOT before ? key THEN
            RETURN NEXT jsonb_build_object('op', 'add', 'path', place, 'value', after->key);
        ELSIF before->key <> after->key THEN
            RETURN QUERY SELECT * FROM bemi.patch_operations(before->key, after->key, deep, place);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.patch_operations(jsonb, jsonb, boolean, text) IS
    'Internal, for bemi.json_patch(): the operations that change one value into the other, at this path.';

-- What both arrays begin and end with stays.
CREATE FUNCTION bemi.patch_operations_of_arrays(before jsonb[], after jsonb[], path text) RETURNS SETOF jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_size integer := cardinality(before);
    new_size integer := cardinality(after);
    first integer := 1;
    place integer;
BEGIN
    WHILE first <= least(old_size, new_size) AND before[first] = after[first] LOOP
        first := first + 1;
    END LOOP;
    WHILE least(old_size, new_size) >= first AND before[old_size] = after[new_size] LOOP
        old_size := old_size - 1;
        new_size := new_size - 1;
    END LOOP;
    FOR place IN first .. least(old_size, new_size) LOOP
        RETURN QUERY SELECT * FROM bemi.patch_operations(before[place], after[place], true, path || '/' || place - 1);
    END LOOP;
    FOR place IN new_size + 1 .. old_size LOOP
        RETURN NEXT jsonb_build_object('op', 'remove', 'path', path || '/' || new_size);
    END LOOP;
    FOR place IN old_size + 1 .. new_size LOOP
        RETURN NEXT jsonb_build_object('op', 'add', 'path', path || '/' || place - 1, 'value', after[place]);
    END LOOP;
END
$$;
COMMENT ON FUNCTION bemi.patch_operations_of_arrays(jsonb[], jsonb[], text) IS
    'Internal, for bemi.json_patch(): the operations that change one array into the other, at this path.';

CREATE FUNCTION bemi.json_patch(before jsonb, after jsonb, deep boolean DEFAULT false) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(o.operation ORDER BY o.number), '[]')
            FROM bemi.patch_operations(before, after, deep, '') WITH ORDINALITY AS o (operation, number));
END
$$;
COMMENT ON FUNCTION bemi.json_patch(jsonb, jsonb, boolean) IS
    'The JSON patch (RFC 6902) that makes before to after: of the keys at the top only, or with deep inside objects and arrays too.';
