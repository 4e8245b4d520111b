-- A little shop, and the Todo list of its people.
CREATE TABLE todo (id serial PRIMARY KEY, task text NOT NULL, is_completed boolean NOT NULL DEFAULT false);

CREATE SCHEMA shop;
SET search_path = shop;
CREATE TABLE customers (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL, email text, city text, credit numeric(12, 2) NOT NULL DEFAULT 0, tags text[] NOT NULL DEFAULT '{}', preferences jsonb NOT NULL DEFAULT '{}');
CREATE TABLE products (sku text PRIMARY KEY, name text NOT NULL, price numeric(10, 2) NOT NULL, description text, is_for_sale boolean NOT NULL DEFAULT true);
CREATE TABLE stock (warehouse text, sku text REFERENCES products ON DELETE CASCADE, quantity int NOT NULL, counted_at timestamptz, PRIMARY KEY (warehouse, sku));
CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, customer_id int NOT NULL REFERENCES customers, status text NOT NULL DEFAULT 'new', total numeric(12, 2) NOT NULL DEFAULT 0, note text, placed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE order_items (order_id int REFERENCES orders ON DELETE CASCADE, line int, sku text NOT NULL REFERENCES products, quantity int NOT NULL, price numeric(10, 2) NOT NULL, PRIMARY KEY (order_id, line));
CREATE TABLE reviews (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, sku text NOT NULL REFERENCES products, stars int, words text NOT NULL);
CREATE TABLE carts (id uuid PRIMARY KEY, content jsonb NOT NULL);
CREATE TABLE measurements (id bigint PRIMARY KEY, value numeric, ratio double precision, at timestamptz, raw bytea);

SELECT bemi.track_schema('shop'), bemi.track('public.todo'), bemi.start();
