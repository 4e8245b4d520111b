# A private server with the shop of clients/ui/test/shop, which has a past of 26 hours.
# Sourced after server.sh, never run.

shop=clients/ui/test/shop
shop_minutes=1570 # before the end
shop_step=1       # the next one

run_sql() {
    "$bindir/psql" -X -q -v ON_ERROR_STOP=1 -o /dev/null "$@"
}

# The server's clock is set back for the past, and then forward, step by step: PostgreSQL has no commits of another time.
# set_clock MINUTES: before the end, which is now or `shop_end`, in seconds since 1970.
set_clock() {
    local now
    now=$(date +%s)
    printf '%+20d\n' "$((${shop_end:-$now} - now - 60 * $1))" 1<>"$work/clock"
}

start_with_clock() {
    gcc -O2 -shared -fPIC -o "$work/clock.so" "$shop/clock.c"
    export LD_PRELOAD=$work/clock.so SHOP_CLOCK=$work/clock
    start_server
    unset LD_PRELOAD
}

# play_steps COUNT: so many transactions.
play_steps() {
    run_sql -c 'SET search_path = shop_life, shop' -c "CALL play($shop_step, $((shop_step + $1 - 1)))"
    shop_step=$((shop_step + $1))
}

# Lets the shop live until MINUTES before the end: more so in the afternoon than at night.
live_until() {
    while ((shop_minutes - 10 >= $1)); do
        shop_minutes=$((shop_minutes - 10))
        set_clock "$shop_minutes"
        play_steps "$(awk -v m="$shop_minutes" 'BEGIN { print int(13 + 11 * sin((m + 500) / 1440 * 6.2832) + m * 7 % 5) }')"
    done
    shop_minutes=$1
    set_clock "$1"
}

# The events are files, each named after its minutes before the end.
start_shop() {
    local event
    set_clock "$shop_minutes"
    start_with_clock
    run_sql -c "CREATE EXTENSION bemi" -f "$shop/tables.sql" -f "$shop/life.sql"
    for event in $(ls "$shop/events" | sort -r); do
        live_until "$((10#${event%%_*}))"
        run_sql -f "$shop/events/$event"
    done
    live_until 0
    run_sql -c "SELECT bemi.sync('5 min')"
}

# From now on with the time as it is.
restart_shop() {
    quietly as_server_user "$bindir/pg_ctl" restart -w -m fast -D "$work/data" -l "$work/server.log"
}
