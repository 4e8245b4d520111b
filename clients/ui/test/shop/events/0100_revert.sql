SELECT bemi.sync('3 min');
SELECT bemi.set_context('{"user_id": 187201, "endpoint": "psql", "ticket": "OPS-114"}', false);
SELECT count(*) FROM bemi.revert(relation => 'shop.products', context => '{"endpoint": "PUT /admin/prices"}', conflicts => 'skip');
SELECT bemi.clear_context(false);
