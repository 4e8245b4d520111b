-- Take the mistake back: that is a change like any other.
SELECT relation, key, action, status FROM bemi.revert(context => '{"job": "clean up"}');
