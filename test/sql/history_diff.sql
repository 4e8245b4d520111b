-- bemi.diff() and bemi.json_patch(): what differs between two images of a row.
\pset format unaligned
\pset null NULL
\set VERBOSITY terse

SELECT bemi.diff('{"a": 1, "b": "x", "c": [1, 2]}', '{"a": 2, "b": "x", "c": [2, 1]}');
SELECT bemi.diff('{}', '{"a": 1, "b": null}'), bemi.diff('{"a": 1, "b": null}', '{}');
SELECT bemi.diff('{}', '{}'), bemi.diff('{"a": {"b": 1}}', '{"a": {"b": 1}}'), bemi.diff('{"": 1}', '{"": "1"}');
SELECT bemi.diff(NULL, '{}'), bemi.diff('{}', NULL);
SELECT bemi.diff('[1]', '{}');
SELECT bemi.diff('{}', '"a"');
SELECT bemi.diff('null', 'null');

SELECT bemi.json_patch('{"a": 1, "b": 2, "c": {"d": [1]}}', '{"a": 1, "b": 3, "c": {"d": [2]}, "e": null}');
SELECT bemi.json_patch('{"a": 1, "c": {"d": [1, 2, 3], "f": 1}}', '{"a": 1, "c": {"d": [1, 9, 2, 3], "f": null}}', deep => true);
SELECT bemi.json_patch('{"a": [1, 2, 3, 4]}', '{"a": [1, 4]}', true), bemi.json_patch('{"a": [1, 2, 3]}', '{"a": [1, {"x": 1}, 3]}', true);
-- ~ and / in a key, an empty one, quotes
SELECT bemi.json_patch('{"~1": 1, "a/b": 1, "": 1, "\"": 1}', '{"~0": 1, "a/b": {"~/": 1}, "\"": 2}');
SELECT bemi.json_patch('{"a/b": {"~/": 1}}', '{"a/b": {"~/": 2}}', true);
-- whole values
SELECT bemi.json_patch('1', '2'), bemi.json_patch('[1]', '[2]'), bemi.json_patch('[1]', '[2]', true), bemi.json_patch('{}', '[]', true), bemi.json_patch('null', 'null');
SELECT bemi.json_patch('{"a": 1}', '{"a": 1.0}'), bemi.json_patch(NULL, '{}'), bemi.json_patch('{}', NULL), bemi.json_patch('{}', '{"a": 1}', NULL);

-- Random values: the patch, applied as RFC 6902 says, gives the second.
CREATE FUNCTION pg_temp.random_json(depth int) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE floor(random() * CASE WHEN depth > 0 THEN 7 ELSE 5 END)
        WHEN 0 THEN 'null'
        WHEN 1 THEN to_jsonb(random() < 0.5)
        WHEN 2 THEN to_jsonb(floor(random() * 3))
        WHEN 3 THEN to_jsonb((ARRAY['', 'a', '/', '~', '"', E'\\', '-'])[1 + floor(random() * 7)])
        WHEN 4 THEN to_jsonb(ARRAY(SELECT floor(random() * 2) FROM generate_series(1, floor(random() * 5)::int)))
        WHEN 5 THEN coalesce((SELECT jsonb_agg(pg_temp.random_json(depth - 1)) FROM generate_series(1, floor(random() * 4)::int)), '[]')
        ELSE coalesce((SELECT jsonb_object_agg((ARRAY['', 'a', 'b', '/', '~', '~1', 'a/b', '-', '0', '"', E'\\'])[1 + floor(random() * 11)], pg_temp.random_json(depth - 1))
                       FROM generate_series(1, floor(random() * 5)::int)), '{}')
        END;
END
$$;
-- Finds the value at the path, and gives the document back with another one there, or without it.
CREATE FUNCTION pg_temp.apply_at(document jsonb, path text[], op text, new_value jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    key text := path[1];
    elements jsonb[];
    place int;
BEGIN
    IF key IS NULL THEN
        IF op <> 'replace' THEN RAISE 'the whole document can only be replaced'; END IF;
        RETURN new_value;
    ELSIF jsonb_typeof(document) = 'object' THEN
        IF (document ? key) = (op = 'add' AND cardinality(path) = 1) THEN RAISE 'key % of %, %', key, document, op; END IF;
        IF cardinality(path) > 1 THEN
            RETURN document || jsonb_build_object(key, pg_temp.apply_at(document->key, path[2:], op, new_value));
        END IF;
        RETURN CASE op WHEN 'remove' THEN document - key ELSE document || jsonb_build_object(key, new_value) END;
    END IF;
    elements := ARRAY(SELECT jsonb_array_elements(document));
    place := key::int + 1;
    IF place > cardinality(elements) + (op = 'add' AND cardinality(path) = 1)::int THEN RAISE 'element % of %', key, document; END IF;
    IF cardinality(path) > 1 THEN
        elements[place] := pg_temp.apply_at(elements[place], path[2:], op, new_value);
        RETURN to_jsonb(elements);
    END IF;
    RETURN to_jsonb(CASE op WHEN 'add' THEN elements[:place - 1] || new_value || elements[place:]
                    WHEN 'remove' THEN elements[:place - 1] || elements[place + 1:]
                    ELSE elements[:place - 1] || new_value || elements[place + 1:] END);
END
$$;
CREATE FUNCTION pg_temp.applied(document jsonb, patch jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    operation jsonb;
BEGIN
    FOR operation IN SELECT jsonb_array_elements(patch) LOOP
        document := pg_temp.apply_at(document,
            ARRAY(SELECT replace(replace(part, '~1', '/'), '~0', '~')
                  FROM regexp_split_to_table(operation->>'path', '/') WITH ORDINALITY AS p (part, n) WHERE n > 1 ORDER BY n),
            operation->>'op', operation->'value');
    END LOOP;
    RETURN document;
END
$$;
SELECT count(*) AS pairs, count(*) FILTER (WHERE before = after) > 0 AS some_equal,
       count(*) FILTER (WHERE pg_temp.applied(before, bemi.json_patch(before, after)) IS DISTINCT FROM after) AS wrong,
       count(*) FILTER (WHERE pg_temp.applied(before, bemi.json_patch(before, after, true)) IS DISTINCT FROM after) AS wrong_deep
FROM (SELECT pg_temp.random_json(3) AS before, pg_temp.random_json(3) AS after FROM generate_series(1, 3000)) AS r;
-- and of objects, as rows are
SELECT count(*) FILTER (WHERE pg_temp.applied(before, bemi.json_patch(before, after)) IS DISTINCT FROM after) AS wrong,
       count(*) FILTER (WHERE pg_temp.applied(before, bemi.json_patch(before, after, true)) IS DISTINCT FROM after) AS wrong_deep,
       count(*) FILTER (WHERE bemi.diff(before, after) IS DISTINCT FROM coalesce(
           (SELECT jsonb_object_agg(key, jsonb_build_array(coalesce(b.value, 'null'), coalesce(a.value, 'null')))
            FROM jsonb_each(before) b FULL JOIN jsonb_each(after) a USING (key) WHERE coalesce(b.value, 'null') <> coalesce(a.value, 'null')), '{}')) AS wrong_diff
FROM (SELECT jsonb_build_object('a', pg_temp.random_json(3), '/', pg_temp.random_json(2), (ARRAY['~', 'x'])[1 + floor(random() * 2)], 1) AS before,
             jsonb_build_object('a', pg_temp.random_json(3), '/', pg_temp.random_json(2)) AS after FROM generate_series(1, 2000)) AS r;

-- Very deep: a clean error or an answer
SELECT bemi.json_patch(('{"a":' || repeat('[', 3000) || '1' || repeat(']', 3000) || '}')::jsonb, ('{"a":' || repeat('[', 3000) || '2' || repeat(']', 3000) || '}')::jsonb) ->0->>'op';
