#!/usr/bin/env bash
# Kafka, Postgres and Redis as processes of their own. A *set* is a folder with one of each: data, logs, ports and the
# file `env` with their addresses. ./dev keeps sets for `up`, `test` and `bench`; a fault test makes one of its own
# and uses this script as a command:
#
#   servers.sh start   SET [kafka|postgres|redis|all]…   idempotent; returns when they answer
#   servers.sh stop    SET […]                           in order, with nothing left running
#   servers.sh kill    SET […]                           SIGKILL to the server and all its children
#   servers.sh freeze  SET […]                           SIGSTOP to the server and all its children
#   servers.sh thaw    SET […]                           SIGCONT to them
#   servers.sh restart SET […]                           same port, same data
#   servers.sh status  SET                               one line a server: name, pid, address, state
#   servers.sh remove  SET                               kill all, then delete the folder and its data
#
# With SET_OWNER=PID in the environment of `start`, the set is removed when that process has ended, however it ended.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$HERE/../.." && pwd)
# shellcheck source=deploy/local/lib.sh
source "$HERE/lib.sh"

SERVERS=(kafka postgres redis)
KAFKA_LIBS="$LOCAL/kafka/libs"
START_SECONDS=90

# --- a set's places -------------------------------------------------------------------------------------------

use_set() { # SET
  mkdir -p "$1"
  SET=$(cd "$1" && pwd -P)
  LOGS="$SET/log"
  mkdir -p "$LOGS" "$SET/pid" "$SET/kafka" "$SET/redis"
  if ((EUID == 0)); then
    # Postgres refuses root, and its own user may not be able to enter the clone (a 0700 home, say).
    PGHOME="/var/lib/chatlog-$(printf '%s' "$SET" | sha256sum | cut -c1-12)"
  else
    PGHOME="$SET/postgres"
  fi
  PGDATA="$PGHOME/data"
}

as_postgres() {
  if ((EUID == 0)); then
    (cd / && exec setpriv --reuid postgres --regid postgres --init-groups "$@")
  else
    "$@"
  fi
}

# Data written by one major version needs that version; new data gets the newest that is installed.
postgres_bin() {
  local server
  if [[ -f $PGDATA/PG_VERSION ]]; then
    server="/usr/lib/postgresql/$(<"$PGDATA/PG_VERSION")/bin/postgres"
  else
    server=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -1)
  fi
  # Other distributions keep it on the PATH.
  [[ -x $server ]] || server=$(command -v postgres) || die "Postgres is not installed; ./dev up installs it"
  dirname "$server"
}

# A server keeps its port for life; a new one is taken only when somebody else sits on it.
port_of() { # NAME
  local port
  port=$(env_get "$SET/ports" "$1")
  # A server that was killed may hold it for another moment.
  local deadline=$((SECONDS + 5))
  while [[ -n $port ]] && port_answers "$port" && ((SECONDS < deadline)); do sleep 0.05; done
  if [[ -z $port ]] || port_answers "$port"; then
    port=$(free_port)
    env_set "$SET/ports" "$1" "$port"
  fi
  printf '%s' "$port"
}

fill_in() { # TEMPLATE → standard output
  sed -e "s|@DIR@|$SET|g" \
    -e "s|@KAFKA_PORT@|$(env_get "$SET/ports" kafka)|g" \
    -e "s|@KAFKA_CONTROLLER_PORT@|$(env_get "$SET/ports" kafka_controller)|g" \
    -e "s|@POSTGRES_PORT@|$(env_get "$SET/ports" postgres)|g" \
    -e "s|@REDIS_PORT@|$(env_get "$SET/ports" redis)|g" \
    "$HERE/$1"
}

# Starts a server in a session of its own, so that nothing that happens to this script's terminal reaches it.
launch() { # NAME COMMAND…
  local name=$1
  shift
  printf '\n=== start of %s, %s ===\n' "$name" "$(date -Is)" >>"$LOGS/$name.log"
  wc -c <"$LOGS/$name.log" >"$SET/pid/$name.log_start"
  (cd / && exec setsid "$@") >>"$LOGS/$name.log" 2>&1 </dev/null 9>&- &
  remember_process "$SET/pid/$name" $!
}

log_since_start() { # NAME
  tail -c "+$(($(<"$SET/pid/$1.log_start") + 1))" "$LOGS/$1.log"
}

# --- Kafka ------------------------------------------------------------------------------------------------------

fetch_kafka() {
  mkdir -p "$LOCAL/kafka"
  (
    flock 8
    if [[ -f $KAFKA_LIBS/pom.xml ]] && cmp -s "$HERE/pom.xml" "$KAFKA_LIBS/pom.xml"; then exit 0; fi
    rm -rf "$KAFKA_LIBS.new"
    mvn -B -C -f "$HERE/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$KAFKA_LIBS.new" 8>&-
    cp "$HERE/pom.xml" "$KAFKA_LIBS.new/pom.xml"
    rm -rf "$KAFKA_LIBS"
    mv "$KAFKA_LIBS.new" "$KAFKA_LIBS"
  ) 8>"$LOCAL/kafka/lock"
}

kafka_start() {
  local properties="$SET/kafka/server.properties"
  cmp -s "$HERE/pom.xml" "$KAFKA_LIBS/pom.xml" || step "fetch Kafka's jars" "$LOCAL/log/kafka-jars.log" fetch_kafka
  port_of kafka >/dev/null
  port_of kafka_controller >/dev/null
  fill_in kafka.properties >"$properties"
  local cluster_id
  local -a java=(java -Xmx512m -Xms256m -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -Djava.awt.headless=true
    "-Dlog4j2.configurationFile=$HERE/log4j2.properties" -cp "$KAFKA_LIBS/*")
  if [[ ! -f $SET/kafka/data/meta.properties ]]; then
    rm -rf "$SET/kafka/data"
    # 16 bytes in base64url, as Kafka makes them: never with a dash in front, which would be taken for an option.
    cluster_id=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=' | sed 's/^-/A/')
    step "format Kafka's storage" "$LOGS/kafka-format.log" "${java[@]}" kafka.tools.StorageTool format --standalone \
      --config "$properties" --cluster-id "$cluster_id"
  fi
  launch kafka "${java[@]}" kafka.Kafka "$properties"
}

kafka_ready() {
  # The broker says this once it is unfenced and its socket takes requests.
  [[ $(log_since_start kafka) == *"Kafka Server started"* ]] && port_answers "$(env_get "$SET/ports" kafka)"
}

kafka_stop() { stop_process "$SET/pid/kafka" TERM 30; }

kafka_kill() { stop_process "$SET/pid/kafka" KILL 10; }

# --- Postgres -----------------------------------------------------------------------------------------------------

# Every process of a cluster has its data folder as working directory: children are found even without their parent.
postgres_pids() {
  local cwd
  for cwd in /proc/[0-9]*/cwd; do
    if [[ $(readlink "$cwd" 2>/dev/null) == "$PGDATA" ]]; then
      cwd=${cwd#/proc/}
      printf '%s\n' "${cwd%/cwd}"
    fi
  done
}

postgres_init() {
  local bin=$1 password
  password=$(head -c 18 /dev/urandom | base64 | tr '+/' '-_')
  rm -rf "$PGHOME"
  mkdir -m 0700 "$PGHOME"
  if ((EUID == 0)); then chown postgres:postgres "$PGHOME"; fi
  write_as_postgres "$PGHOME/password" <<<"$password"
  as_postgres "$bin/initdb" -D "$PGDATA" -U chatlog -E UTF8 --locale=C.UTF-8 --data-checksums -A scram-sha-256 \
    --pwfile="$PGHOME/password"
  rm "$PGHOME/password"
  printf "include 'chatlog.conf'\n" >>"$PGDATA/postgresql.conf"
  env_set "$SET/postgres.env" PGPASSWORD "$password"
  # Written last: a cluster without it was interrupted while it was made, and is made anew. It names the set, so that
  # a cluster whose set has gone can be recognised.
  printf '%s\n' "$SET" >"$PGHOME/set"
}

write_as_postgres() { as_postgres tee "$1" >/dev/null; }

postgres_start() {
  local bin
  bin=$(postgres_bin)
  if [[ ! -f $PGHOME/set || ! -f $SET/postgres.env ]]; then
    step "make a Postgres cluster" "$LOGS/postgres-init.log" postgres_init "$bin"
  fi
  port_of postgres >/dev/null
  fill_in postgresql.conf | write_as_postgres "$PGDATA/chatlog.conf"
  # A killed postmaster's children may still be on their way out; a new one would refuse to start beside them.
  postgres_kill
  rm -f "$PGDATA/postmaster.pid"
  local -a user=()
  if ((EUID == 0)); then user=(setpriv --reuid postgres --regid postgres --init-groups); fi
  launch postgres "${user[@]}" "$bin/postgres" -D "$PGDATA"
}

postgres_ready() {
  "$(postgres_bin)/pg_isready" -q -h 127.0.0.1 -p "$(env_get "$SET/ports" postgres)" || return 1
  [[ $(psql_admin -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'chatlog'") == 1 ]] \
    || psql_admin -d postgres -c 'CREATE DATABASE chatlog' >>"$LOGS/postgres.log"
}

psql_admin() {
  PGPASSWORD=$(env_get "$SET/postgres.env" PGPASSWORD) psql -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 \
    -p "$(env_get "$SET/ports" postgres)" -U chatlog "$@"
}

# INT is Postgres's fast shutdown: sessions are ended, the data closed properly.
postgres_stop() {
  stop_process "$SET/pid/postgres" INT 30
  postgres_kill
}

# A stopped postmaster cannot start more children while they are counted.
postgres_kill() {
  local pid
  if pid=$(process_of "$SET/pid/postgres"); then kill -STOP "$pid"; fi
  local deadline=$((SECONDS + 10)) pids
  while pids=$(postgres_pids) && [[ -n $pids ]]; do
    ((SECONDS < deadline)) || die "processes of $PGDATA do not end: $pids"
    # shellcheck disable=SC2086 # a list of pids
    kill -KILL $pids 2>/dev/null || true
    sleep 0.02
  done
  stop_process "$SET/pid/postgres" KILL 10
}

# --- Redis --------------------------------------------------------------------------------------------------------

redis_start() {
  port_of redis >/dev/null
  fill_in redis.conf >"$SET/redis/redis.conf"
  launch redis redis-server "$SET/redis/redis.conf"
}

redis_ready() {
  local port answer
  port=$(env_get "$SET/ports" redis)
  answer=$({
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf 'PING\r\n' >&3
    head -c 5 <&3
  } 2>/dev/null) || return 1
  [[ $answer == +PONG ]] # anything else: still loading its data
}

redis_stop() { stop_process "$SET/pid/redis" TERM 15; }

redis_kill() { stop_process "$SET/pid/redis" KILL 10; }

# --- commands -----------------------------------------------------------------------------------------------------

running() { process_of "$SET/pid/$1" >/dev/null; }

failed() { # NAME WHY
  say "the end of $1's log:" >&2
  tail -n 30 "$LOGS/$1.log" | sed 's/^/  | /' >&2
  die "$1 did not start: $2; the whole log: $LOGS/$1.log"
}

wait_until_ready() { # NAME
  local name=$1 deadline=$((SECONDS + START_SECONDS))
  until "${name}_ready"; do
    running "$name" || failed "$name" "it ended by itself"
    ((SECONDS < deadline)) || failed "$name" "it does not answer after $START_SECONDS s"
    sleep 0.1
  done
}

signal_server() { # NAME SIGNAL
  local pids
  if [[ $1 == postgres ]]; then pids=$(postgres_pids); else pids=$(process_of "$SET/pid/$1"); fi
  # shellcheck disable=SC2086 # a list of pids
  kill "-$2" $pids
}

signal_each() { # SIGNAL NAME…
  local signal=$1 name
  shift
  for name in "$@"; do signal_server "$name" "$signal"; done
}

address_of() { # NAME
  local port
  port=$(env_get "$SET/ports" "$1")
  case $1 in
    kafka) printf '127.0.0.1:%s' "$port" ;;
    postgres) printf 'postgres://chatlog:%s@127.0.0.1:%s/chatlog' "$(env_get "$SET/postgres.env" PGPASSWORD)" "$port" ;;
    redis) printf 'redis://127.0.0.1:%s' "$port" ;;
  esac
}

variable_of() { # NAME
  case $1 in
    kafka) printf KAFKA_BROKERS ;;
    postgres) printf DATABASE_URL ;;
    redis) printf REDIS_URL ;;
  esac
}

start() {
  local name
  remove_orphans
  watch_owner
  # All start first and are awaited afterwards: together they take as long as the slowest.
  for name in "$@"; do
    running "$name" || "${name}_start"
  done
  for name in "$@"; do
    wait_until_ready "$name"
    env_set "$SET/env" "$(variable_of "$name")" "$(address_of "$name")"
  done
}

each() { # ACTION NAME…
  local action=$1 name
  shift
  for name in "$@"; do "${name}_$action"; done
}

status() {
  local name pid state
  for name in "${SERVERS[@]}"; do
    if pid=$(process_of "$SET/pid/$name"); then
      if "${name}_ready" 2>/dev/null; then state=healthy; else state='not answering'; fi
      printf '%s\t%s\t127.0.0.1:%s\t%s\n' "$name" "$pid" "$(env_get "$SET/ports" "$name")" "$state"
    else
      printf '%s\t-\t-\tstopped\n' "$name"
    fi
  done
}

# Removes the set when its owner is gone: a test run that is killed with SIGKILL leaves nothing behind either.
watch() {
  while process_of "$SET/pid/owner" >/dev/null; do sleep 1; done
  rm -f "$SET/pid/watch" # remove would end this process
  remove
}

watch_owner() {
  if [[ -z ${SET_OWNER:-} ]] || running watch; then return; fi
  remember_process "$SET/pid/owner" "$SET_OWNER"
  launch watch "$HERE/servers.sh" watch "$SET"
}

remove() {
  stop_process "$SET/pid/watch" TERM 5
  each kill "${SERVERS[@]}"
  rm -rf "$PGHOME" "$SET"
}

# As root, Postgres's data lies outside the set. When a set's folder was deleted by hand (a test that was killed, a
# clone that was removed), its cluster goes too.
remove_orphans() {
  ((EUID == 0)) || return 0
  local marker set_dir
  for marker in /var/lib/chatlog-*/set; do
    if [[ -f $marker ]] && set_dir=$(<"$marker") && [[ ! -d $set_dir ]]; then
      (
        PGHOME=$(dirname "$marker")
        PGDATA="$PGHOME/data"
        SET=$PGHOME # has no pid files; its processes are found by their working directory
        postgres_kill
        rm -rf "$PGHOME"
      )
    fi
  done
}

main() {
  (($# >= 2)) || die "usage: servers.sh start|stop|kill|freeze|thaw|restart|status|remove SET [kafka|postgres|redis|all]…"
  local action=$1 name
  use_set "$2"
  shift 2
  if (($# == 0)) || [[ $1 == all ]]; then set -- "${SERVERS[@]}"; fi
  for name in "$@"; do
    [[ " ${SERVERS[*]} " == *" $name "* ]] || die "no such server: $name (there are ${SERVERS[*]})"
  done
  case $action in
    start) start "$@" ;;
    stop | kill) each "$action" "$@" ;;
    freeze) signal_each STOP "$@" ;;
    thaw) signal_each CONT "$@" ;;
    restart)
      each stop "$@"
      start "$@"
      ;;
    status) status ;;
    remove) remove ;;
    watch) watch ;;
    *) die "no such action: $action" ;;
  esac
}

trap end_running_step EXIT
main "$@"
