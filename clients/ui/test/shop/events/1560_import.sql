BEGIN;
SET LOCAL bemi.context = '{"job": "import", "file": "products-2026.csv", "rows": 400}';
INSERT INTO shop.products SELECT 'SKU-' || lpad(i::text, 4, '0'), (ARRAY ['Lamp', 'Chair', 'Table', 'Shelf', 'Clock', 'Mirror', 'Vase'])[1 + i % 7] || ' No. ' || i, 5 + (i * 37 % 20000) / 100.0, 'A ' || (ARRAY ['plain', 'simple', 'sturdy'])[1 + i % 3] || ' piece for every home, made to last.'
FROM generate_series(1, 400) AS i;
INSERT INTO shop.stock SELECT w, sku, 20 + abs(hashtext(w || sku)) % 80 FROM shop.products, unnest(ARRAY ['Lisbon', 'Porto']) AS w;
COMMIT;
BEGIN;
SET LOCAL bemi.context = '{"job": "import", "file": "customers.csv", "rows": 120}';
INSERT INTO shop.customers (name, email, city) SELECT (ARRAY ['Ada', 'Bruno', 'Chloé', 'Dmitri', 'Eun-ji', 'Fátima', 'Grace', 'Håkon'])[1 + i % 8] || ' ' || (ARRAY ['Silva', 'O''Brien', 'Kowalski', 'Ng', 'Müller', 'Åberg', 'Δημητρίου'])[1 + i % 7], 'customer' || i || '@example.com', 'Lisboa'
FROM generate_series(1, 120) AS i;
COMMIT;
INSERT INTO shop.measurements VALUES (9223372036854775807, 'NaN', 'Infinity', '2026-01-02 03:04:05.678901+00', '\xdeadbeef'), (9007199254740993, 10.50, 0.1, 'infinity', '\x'), (1, 123456789012345678901234567890.0123456789, -0.0, NULL, NULL)
/*Bemi {"job": "sensors", "device": 9007199254740993} Bemi*/;
