-- What happens in the shop: shop_life.play(step) is one transaction, the same for the same step wherever it is played.
CREATE SCHEMA shop_life;
SET search_path = shop_life, shop;

-- A number from 0 to n - 1, which depends on the step and on what it is for.
CREATE FUNCTION roll(step int, what text, n int) RETURNS int LANGUAGE sql IMMUTABLE
    RETURN (hashtextextended(what, step) % n + n) % n;

CREATE FUNCTION one_of(step int, what text, choices text[]) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN choices[1 + roll(step, what, cardinality(choices))];

CREATE FUNCTION person(step int) RETURNS int LANGUAGE sql IMMUTABLE
    RETURN 187200 + least(roll(step, 'person', 40), roll(step, 'another', 40));

CREATE PROCEDURE be(step int, endpoint text, more jsonb DEFAULT '{}') LANGUAGE sql AS $$
    SELECT bemi.set_context(jsonb_build_object('user_id', person(step), 'endpoint', endpoint, 'request_id', left(md5(step::text), 8)) || more, true)
$$;

CREATE PROCEDURE place_order(step int) LANGUAGE plpgsql AS $$
DECLARE placed int;
BEGIN
    CALL be(step, 'POST /orders');
    INSERT INTO orders (customer_id, note) SELECT id, one_of(step, 'note', ARRAY [NULL, NULL, 'Please ring twice', 'Gift 🎁 wrap it', 'Leave at the neighbour’s'])
        FROM customers ORDER BY hashint4(id # step) LIMIT 1 RETURNING id INTO placed;
    INSERT INTO order_items SELECT placed, row_number() OVER (), sku, 1 + roll(step, sku, 3), price
        FROM (SELECT sku, price FROM products WHERE is_for_sale ORDER BY hashtext(sku || step) LIMIT 1 + roll(step, 'lines', 3)) p;
    UPDATE orders SET total = (SELECT sum(quantity * price) FROM order_items WHERE order_id = placed) WHERE id = placed;
END $$;

CREATE PROCEDURE move_order(step int) LANGUAGE plpgsql AS $$
DECLARE moved orders;
BEGIN
    SELECT * INTO moved FROM orders WHERE status NOT IN ('delivered', 'cancelled') ORDER BY hashint4(id # step) LIMIT 1;
    CALL be(step, 'PUT /orders/' || coalesce(moved.id, 0) || CASE moved.status WHEN 'new' THEN '/pay' WHEN 'paid' THEN '/ship' ELSE '/deliver' END);
    UPDATE orders SET status = CASE WHEN status = 'new' AND roll(step, 'cancel', 9) = 0 THEN 'cancelled'
        ELSE (ARRAY ['paid', 'shipped', 'delivered'])[array_position(ARRAY ['new', 'paid', 'shipped'], status)] END WHERE id = moved.id;
    IF moved.status = 'paid' THEN
        UPDATE stock SET quantity = stock.quantity - i.quantity FROM order_items i
            WHERE i.order_id = moved.id AND stock.sku = i.sku AND warehouse = 'Lisbon';
    END IF;
END $$;

CREATE PROCEDURE change_customer(step int) LANGUAGE plpgsql AS $$
DECLARE changed int = (SELECT id FROM customers ORDER BY hashint4(id # step) LIMIT 1);
BEGIN
    CALL be(step, 'PATCH /customers/' || changed);
    CASE roll(step, 'what', 4)
        WHEN 0 THEN UPDATE customers SET city = one_of(step, 'city', ARRAY ['Lisboa', 'Wrocław', 'Αθήνα', '東京', 'Reykjavík', 'São Paulo']) WHERE id = changed;
        WHEN 1 THEN UPDATE customers SET credit = credit + roll(step, 'credit', 5000) / 100.0 WHERE id = changed;
        WHEN 2 THEN UPDATE customers SET tags = array_append(tags, one_of(step, 'tag', ARRAY ['regular', 'vip', 'newsletter'])) WHERE id = changed;
        ELSE UPDATE customers SET preferences = preferences || jsonb_build_object('theme', one_of(step, 'theme', ARRAY ['dark', 'light'])) WHERE id = changed;
    END CASE;
END $$;

CREATE PROCEDURE change_product(step int) LANGUAGE plpgsql AS $$
DECLARE changed text = (SELECT sku FROM products ORDER BY hashtext(sku || step) LIMIT 1);
BEGIN
    CALL be(step, 'PUT /admin/products/' || changed);
    IF roll(step, 'what', 2) = 0 THEN
        UPDATE products SET price = round(price * (90 + roll(step, 'percent', 21)) / 100, 2) WHERE sku = changed;
    ELSE
        UPDATE products SET description = replace(description, one_of(step, 'old', ARRAY ['plain', 'simple', 'sturdy']), one_of(step, 'new', ARRAY ['light', 'strong', 'handmade'])) WHERE sku = changed;
    END IF;
END $$;

-- Texts that do harm where somebody is careless.
CREATE PROCEDURE review(step int) LANGUAGE plpgsql AS $$
BEGIN
    CALL be(step, 'POST /reviews', CASE WHEN roll(step, 'agent', 3) = 0 THEN jsonb_build_object('agent', '<script>alert("' || step || '")</script>') ELSE '{}' END);
    INSERT INTO reviews (sku, stars, words) SELECT sku, 1 + roll(step, 'stars', 5), one_of(step, 'words', ARRAY [
        'Works as it should.', 'Broke after a week 😠', 'The best that I have bought this year, and my neighbour says so too.', '<b>bold</b> claims & <img src=x onerror=alert(1)>',
        $words$'; DROP TABLE orders; --$words$, '=HYPERLINK("http://evil.example";"click")', E'two\nlines\tand a tab', '‮txet desrever', '{{constructor.constructor("alert(1)")()}}'])
        FROM products ORDER BY hashtext(sku || step) LIMIT 1;
END $$;

CREATE PROCEDURE write_todo(step int) LANGUAGE plpgsql AS $$
BEGIN
    CALL be(step, 'POST /todo');
    INSERT INTO public.todo (task) VALUES (one_of(step, 'task', ARRAY ['Sleep', 'Eat', 'Call the supplier', 'Count the stock', 'Answer reviews']));
END $$;

CREATE PROCEDURE complete_todo(step int) LANGUAGE plpgsql AS $$
BEGIN
    CALL be(step, 'PUT /todo/complete');
    UPDATE public.todo SET is_completed = true WHERE id = (SELECT min(id) FROM public.todo WHERE NOT is_completed);
END $$;

CREATE PROCEDURE count_stock(step int) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bemi.set_context('{"job": "stock-count", "host": "worker-2"}', true);
    UPDATE stock SET quantity = quantity + roll(step, sku, 7) - 3, counted_at = now() WHERE roll(step, sku || warehouse, 60) = 0;
END $$;

-- A statement of somebody who forgot to say who he is.
CREATE PROCEDURE fill_cart(step int) LANGUAGE sql AS $$
    INSERT INTO carts VALUES (md5(step::text)::uuid, jsonb_build_object('items', roll(step, 'items', 9)))
$$;

CREATE PROCEDURE play(step int) LANGUAGE plpgsql AS $$
BEGIN
    CASE roll(step, 'play', 20)
        WHEN 0, 1, 2, 3, 4 THEN CALL place_order(step);
        WHEN 5, 6, 7, 8, 9, 10, 11 THEN CALL move_order(step);
        WHEN 12, 13 THEN CALL change_customer(step);
        WHEN 14 THEN CALL change_product(step);
        WHEN 15 THEN CALL review(step);
        WHEN 16 THEN CALL write_todo(step);
        WHEN 17 THEN CALL complete_todo(step);
        WHEN 18 THEN CALL fill_cart(step);
        ELSE CALL count_stock(step);
    END CASE;
END $$;

CREATE PROCEDURE play(first int, last int) LANGUAGE plpgsql AS $$
BEGIN
    FOR step IN first .. last LOOP
        CALL play(step);
        COMMIT;
    END LOOP;
END $$;
