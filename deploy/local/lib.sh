# shellcheck shell=bash
# What ./dev and the scripts beside this file share: talking to people, long steps, processes, ports, env files.
# shellcheck disable=SC2034 # whoever sources it uses the variables
# Sourced, never run. Whoever sources it has set -euo pipefail and REPO (the clone's folder).

LOCAL="$REPO/.local"
HEARTBEAT_SECONDS=${HEARTBEAT_SECONDS:-15}

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
  BOLD='' RED='' GREEN='' DIM='' PLAIN=''
fi

say() { printf '%s\n' "$*"; }
die() {
  printf '%s\n' "${RED}error:${PLAIN} $*" >&2
  exit 1
}

# --- long steps ---------------------------------------------------------------------------------------------

STEP_PID=''

# The running step has a process group of its own; a script that is interrupted must not leave it behind.
end_running_step() {
  if [[ -n $STEP_PID ]]; then
    kill -TERM -- "-$STEP_PID" 2>/dev/null || true
    STEP_PID=''
  fi
}

# step NAME LOG COMMAND…: runs a command (or function) with its output in LOG, showing that it is alive. A failure
# ends the script, with the step's name, the end of its log and where the log is.
# Never call it in a condition: bash would ignore `set -e` inside the command.
step() {
  local name=$1 log=$2 rc=0 started=$SECONDS
  shift 2
  mkdir -p "$(dirname "$log")"
  set -m
  (
    set +m
    "$@"
  ) >"$log" 2>&1 </dev/null 9>&- &
  STEP_PID=$!
  set +m
  show_alive "$name" "$log" "$STEP_PID"
  wait "$STEP_PID" || rc=$?
  STEP_PID=''
  if ((rc == 0)); then
    say "${GREEN}✓${PLAIN} $name ${DIM}($((SECONDS - started)) s)${PLAIN}"
    return
  fi
  say "${RED}✗ $name${PLAIN} (failed after $((SECONDS - started)) s, exit code $rc)" >&2
  say "  the end of its log:" >&2
  tail -n 30 "$log" | sed 's/^/  | /' >&2
  die "step \"$name\" failed; the whole log: $log"
}

# A spinner on a terminal, a line every HEARTBEAT_SECONDS elsewhere, until the process has ended; both with the last
# line of its log.
show_alive() { # NAME LOG PID
  local name=$1 log=$2 pid=$3 started=$SECONDS next=$((SECONDS + HEARTBEAT_SECONDS)) i=0 looked=-1 last=''
  local frames='-\|/'
  while kill -0 "$pid" 2>/dev/null; do
    if [[ -t 1 ]]; then
      if ((looked != SECONDS)); then looked=$SECONDS last=$(last_line "$log"); fi
      printf '\r\e[K%s %s' "${frames:i++%4:1}" "$name ${DIM}$((SECONDS - started)) s  $last${PLAIN}"
    elif ((SECONDS >= next)); then
      say "  … $name: $((SECONDS - started)) s  ($(last_line "$log"))"
      next=$((SECONDS + HEARTBEAT_SECONDS))
    fi
    sleep 0.1
  done
  if [[ -t 1 ]]; then printf '\r\e[K'; fi
}

last_line() { tail -n 1 "$1" 2>/dev/null | tr -d '\r\033' | sed 's/^ *//' | cut -c1-40; }

# --- processes ----------------------------------------------------------------------------------------------
# A pid alone may long belong to somebody else. A pid file holds pid, start time and boot id; all must agree.

process_start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  stat=${stat##*) } # the name in front may hold blanks
  local -a fields
  read -ra fields <<<"$stat"
  [[ ${fields[0]} != Z ]] || return 1
  printf '%s' "${fields[19]}"
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

remember_process() { # FILE PID
  printf '%s %s %s\n' "$2" "$(process_start_time "$2" || echo gone)" "$(boot_id)" >"$1.new"
  mv "$1.new" "$1"
}

# Prints the pid while exactly that process is alive.
process_of() { # FILE
  local pid start boot
  { read -r pid start boot <"$1"; } 2>/dev/null || return 1
  [[ $boot == "$(boot_id)" && $start == "$(process_start_time "$pid")" ]] || return 1
  printf '%s' "$pid"
}

wait_until_gone() { # FILE SECONDS
  local deadline=$((SECONDS + $2))
  while process_of "$1" >/dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# stop_process FILE SIGNAL SECONDS: asks, waits, then kills the whole group. Succeeds when nothing ran.
stop_process() {
  local pid
  if pid=$(process_of "$1"); then
    kill "-$2" "$pid" 2>/dev/null || true
    if ! wait_until_gone "$1" "$3"; then
      kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
      wait_until_gone "$1" 10 || die "process $pid does not end, not even by SIGKILL"
    fi
  fi
  rm -f "$1"
}

# --- ports --------------------------------------------------------------------------------------------------

port_answers() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# Below the range from which the kernel takes ports for outgoing connections: a server that is down for a moment
# (a restart, a fault test) finds its port free again.
free_port() {
  local port
  for _ in {1..200}; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    if ! port_answers "$port"; then
      printf '%s' "$port"
      return
    fi
  done
  die "found no free port between 20000 and 32000"
}

# Says who listens on a port, as far as /proc tells this user.
port_owner() { # PORT
  local hex inode fd pid
  printf -v hex '%04X' "$1"
  inode=$(awk -v p=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == p { print $10; exit }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  if [[ -n $inode ]]; then
    for fd in /proc/[0-9]*/fd/*; do
      if [[ $(readlink "$fd" 2>/dev/null) == "socket:[$inode]" ]]; then
        pid=${fd#/proc/}
        pid=${pid%%/*}
        printf 'process %s (%s)' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100)"
        return
      fi
    done
  fi
  printf 'a process that this user may not see'
}

# --- env files: plain KEY=VALUE lines, written whole or not at all, readable by their owner only ----------------

env_get() { # FILE KEY
  [[ -f $1 ]] || return 0
  sed -n "s/^$2=//p" "$1"
}

env_set() { # FILE KEY VALUE…
  local file=$1 new="$1.new" old
  shift
  (
    umask 077
    : >"$new"
  )
  if [[ -f $file ]]; then cat "$file" >"$new"; fi
  while (($# > 0)); do
    old=$(grep -v "^$1=" "$new" || true)
    { [[ -z $old ]] || printf '%s\n' "$old"; printf '%s=%s\n' "$1" "$2"; } >"$new"
    shift 2
  done
  mv "$new" "$file"
}
