# shellcheck shell=bash
# The platform as ./dev up runs it: every role in one process. Sourced by ./dev, after lib.sh.

DEV="$LOCAL/dev"
CHATLOG="$REPO/target/release/chatlog"
PLATFORM_PID="$DEV/pid/platform"
PLATFORM_LOG="$DEV/log/platform.log"
# Mails of a platform without a mail server.
MAIL="$LOCAL/mail"

build() {
  build_web_assets
  step 'build (the first time takes minutes)' "$LOCAL/log/build.log" \
    cargo build --release --locked --workspace --bin chatlog
}

platform_port() { printf '%s' "${CHATLOG_PORT:-8080}"; }

# What a running platform was started with; another value means a restart.
platform_fingerprint() {
  stat -c '%Y %s' "$CHATLOG"
  platform_port
  printf '%s\n' "${CHATLOG_SMTP_URL:-}" "${CHATLOG_MAIL_DIR:-}"
  grep -v '^CHATLOG_URL=' "$DEV/env" | sha256sum
}

# Becomes a command with the settings of ./dev up; CHATLOG_PORT is a word of ./dev, not a setting.
with_settings() {
  exec env -u CHATLOG_PORT \
    CHATLOG_URL="http://127.0.0.1:$(platform_port)" \
    CHATLOG_LISTEN="127.0.0.1:$(platform_port)" \
    CHATLOG_INTERNAL_LISTEN="127.0.0.1:$(env_get "$DEV/ports" platform_internal)" \
    CHATLOG_DATA_DIR="$DEV/data" \
    CHATLOG_MAIL_DIR="${CHATLOG_MAIL_DIR:-$MAIL}" \
    CHATLOG_PARTITIONS="${CHATLOG_PARTITIONS:-6}" \
    CHATLOG_LOG_FORMAT="${CHATLOG_LOG_FORMAT:-text}" \
    CHATLOG_RATE_SPARE_LOOPBACK="${CHATLOG_RATE_SPARE_LOOPBACK:-true}" \
    CHATLOG_COOKIE_SECURE="${CHATLOG_COOKIE_SECURE:-false}" \
    "$@"
}

run_chatlog() { (with_settings "$CHATLOG" "$@"); }

platform_ready() {
  curl -fsS -m 2 -o /dev/null "http://127.0.0.1:$(env_get "$DEV/ports" platform_internal)/readyz" 2>/dev/null
}

# Stops a platform that runs, and makes room for the next.
platform_prepare() {
  local port
  platform_stop
  port=$(platform_port)
  if port_answers "$port"; then
    die "port $port is taken by $(port_owner "$port"). Stop it, or choose another port: CHATLOG_PORT=8081 ./dev up"
  fi
  env_set "$DEV/ports" platform_internal "$(free_port)"
  mkdir -p "$DEV/data"
}

# Running, healthy, and started from this binary with these settings.
platform_is_current() {
  process_of "$PLATFORM_PID" >/dev/null \
    && [[ $(platform_fingerprint) == "$(cat "$DEV/platform.fingerprint" 2>/dev/null)" ]] \
    && platform_ready
}

log_of_this_start() { tac "$PLATFORM_LOG" | sed '/^=== start/q' | tac; }

await_platform() {
  local deadline=$((SECONDS + 60))
  until platform_ready; do
    if ! process_of "$PLATFORM_PID" >/dev/null; then
      log_of_this_start | tail -n 30
      die "the platform ended by itself; its log: $PLATFORM_LOG"
    fi
    if ((SECONDS >= deadline)); then
      log_of_this_start | tail -n 20
      curl -sS -m 2 "http://127.0.0.1:$(env_get "$DEV/ports" platform_internal)/readyz" || true
      die "the platform is not ready after 60 s (its own answer is above); its log: $PLATFORM_LOG"
    fi
    sleep 0.1
  done
}

platform_start() {
  printf '=== start of the platform, %s ===\n' "$(date -Is)" >>"$PLATFORM_LOG"
  with_settings setsid "$CHATLOG" serve >>"$PLATFORM_LOG" 2>&1 </dev/null 9>&- &
  remember_process "$PLATFORM_PID" $!
  step 'start the platform' "$LOCAL/log/platform-start.log" await_platform
  env_set "$DEV/env" CHATLOG_URL "http://127.0.0.1:$(platform_port)"
  platform_fingerprint >"$DEV/platform.fingerprint"
}

# It drains within 10 s when it is asked to stop.
platform_stop() { stop_process "$PLATFORM_PID" TERM 15; }
