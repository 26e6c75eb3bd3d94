# shellcheck shell=bash
# ./dev test and ./dev sqlx. Sourced by ./dev, after the files beside it.

# --- .sqlx: what Postgres said about every query! in the code ---------------------------------------------------

MACROS_DATABASE=${MACROS_DATABASE:-chatlog_macros}

# The server's address with another database, and with the schemas that queries name by search_path.
macros_url() {
  local base=${DATABASE_URL%%\?*}
  printf '%s/%s?options=-c%%20search_path%%3Dg1,control,identity,public' "${base%/*}" "$MACROS_DATABASE"
}

macros_psql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# A fresh database with every migration, and one generation of the read models (g1) as queries see it.
make_macros_database() {
  local file base=${DATABASE_URL%%\?*}
  macros_psql "$DATABASE_URL" -c "DROP DATABASE IF EXISTS $MACROS_DATABASE WITH (FORCE)" \
    -c "CREATE DATABASE $MACROS_DATABASE"
  for file in "$REPO"/migrations/[0-9]*.sql; do
    say "$file"
    macros_psql "${base%/*}/$MACROS_DATABASE" --single-transaction -f "$file"
  done
  macros_psql "${base%/*}/$MACROS_DATABASE" -c 'CREATE SCHEMA g1'
  for file in tables indexes; do
    say "read-model/$file.sql"
    macros_psql "$(macros_url)" --single-transaction -f "$REPO/migrations/read-model/$file.sql"
  done
}

# Runs a cargo command that type-checks, with the macros asking Postgres and writing what it says into a folder.
recording_queries() { # FOLDER COMMAND…
  local folder=$1
  shift
  rm -rf "$folder"
  mkdir -p "$folder"
  # The macros run only where rustc does; cargo would not compile again what has not changed.
  { grep -rlE --include='*.rs' --exclude-dir={target,node_modules,.local} 'query(_[a-z_]+)?!' "$REPO" || true; } \
    | xargs -r touch -c
  DATABASE_URL=$(macros_url) SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$folder" "$@"
  macros_psql "$DATABASE_URL" -c "DROP DATABASE $MACROS_DATABASE WITH (FORCE)"
}

regenerate_sqlx() {
  local new="$LOCAL/sqlx"
  make_macros_database
  recording_queries "$new" cargo check --locked --workspace --all-targets
  rm -rf "$REPO/.sqlx"
  mv "$new" "$REPO/.sqlx"
}

compare_sqlx() {
  mkdir -p "$REPO/.sqlx"
  diff -ru "$REPO/.sqlx" "$TEST_SET/sqlx" \
    || die "queries and .sqlx differ; run ./dev sqlx and commit .sqlx"
}

sqlx_command() {
  require_rust
  require_packages
  start_servers "$DEV" # its Postgres is enough; the scratch database lies beside the platform's
  step 'regenerate .sqlx' "$LOCAL/log/sqlx.log" regenerate_sqlx
  say "$(find "$REPO/.sqlx" -name '*.json' | wc -l) queries in .sqlx"
}

# --- stages -----------------------------------------------------------------------------------------------------

STAGES=(tools formatting servers migrations clippy sqlx licences documentation build types tests schemathesis)
declare -A STAGE_SECONDS=()
STAGE=''
CHOSEN=(--workspace) # what cargo test runs

stage_tools() {
  require_rust
  require_packages
  require_rust_components
  require_cargo_deny
  require_test_tools
}

stage_basics() {
  require_rust
  require_packages
  require_test_packages
  require_node # samples of the guide run in it
}

stage_formatting() { quiet 'formatting' cargo fmt --all --check -- --color never; }
stage_servers() { SET_OWNER=$$ start_servers "$TEST_SET"; }
stage_migrations() { quiet 'migrations in an empty database' make_macros_database; }
stage_clippy() {
  quiet 'clippy, asking Postgres about every query' \
    recording_queries "$TEST_SET/sqlx" cargo clippy --workspace --all-targets --locked -- -D warnings
}
stage_sqlx() { quiet 'committed .sqlx is what Postgres said' compare_sqlx; }
stage_licences() {
  quiet 'bans, licences, sources' "$LOCAL/tools/bin/cargo-deny" --locked --config "$REPO/deny.toml" \
    check bans licenses sources
}
stage_documentation() { RUSTDOCFLAGS='-D warnings' quiet 'documentation' cargo doc --workspace --no-deps --locked; }
stage_build() { quiet 'build the program and the tests' build_all; }
stage_types() { quiet 'TypeScript types are what the documents say, and do what they promise' npm --prefix "$REPO/web" run check; }
# Most tests wait for servers most of the time: four at once, however many processors there are or seem to be.
stage_tests() { RUST_TEST_THREADS=${RUST_TEST_THREADS:-4} shown cargo test --locked --no-fail-fast "${CHOSEN[@]}"; }
stage_schemathesis() { shown cargo run --locked -q -p system-tests --bin schemathesis; }

build_all() {
  cargo build --workspace --locked
  cargo test --workspace --locked --no-run
}

# Long and silent: into a log, with signs of life.
quiet() { # NAME COMMAND…
  local name=$1
  shift
  step "$name" "$LOCAL/log/test-$STAGE.log" "$@"
}

# What the test runners say is shown as it comes, and kept. In a process group of its own, like every step.
shown() {
  local rc=0
  if [[ -t 1 ]]; then export CARGO_TERM_COLOR=always; fi
  say "+ $*"
  set -m
  ("$@" 2>&1 | tee "$LOCAL/log/test-$STAGE.log") </dev/null &
  STEP_PID=$!
  set +m
  wait "$STEP_PID" || rc=$?
  STEP_PID=''
  ((rc == 0)) || die "$* failed (exit code $rc); its output again: $LOCAL/log/test-$STAGE.log"
}

# What every runner has counted: cargo's tests, the checks of web/, the cases of Schemathesis. A stage that failed
# without counting is a failure too.
print_total() { # EXIT_CODE
  local log
  for log in tests types schemathesis; do cat "$LOCAL/log/test-$log.log" 2>/dev/null || true; done \
    | awk -v failed_stage="$1" '
        /^test result:/ { passed += $4; failed += $6; skipped += $8 }
        /^counted:/ { passed += $2; failed += $4; skipped += $6 }
        END {
          if (failed_stage != 0 && failed == 0) failed = 1
          printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        }'
}

# The reason of each test that failed, once more at the end: it stands far above, between backtraces.
print_failures() {
  awk '
    /^---- .* stdout ----$/ { name = $2; shown = 0; next }
    /^stack backtrace:|^note: run with|^failures:$/ { shown = 0 }
    name != "" && / panicked at / { print name ": " $0; shown = 20; next }
    shown > 0 && NF { print "  " $0; shown-- }
  ' "$LOCAL/log/test-tests.log" 2>/dev/null || true
}

stage_table() {
  local stage left=0 result
  say ''
  say "${BOLD}stage            result   seconds${PLAIN}"
  for stage in "${STAGES[@]}"; do
    if [[ -n ${STAGE_SECONDS[$stage]:-} ]]; then
      result=passed
    elif ((left == 0)); then
      result=FAILED left=1
      STAGE_SECONDS[$stage]=$((SECONDS - STAGE_STARTED))
    else
      result='not run'
    fi
    printf '%-16s %-8s %7s\n' "$stage" "$result" "${STAGE_SECONDS[$stage]:--}"
  done
  printf '%-16s %-8s %7s\n' total '' "$SECONDS"
}

# Whatever ends the run, its servers end with it (and should even this be killed, the set's watcher removes it).
end_test() {
  local rc=$?
  trap - EXIT
  end_running_step
  if [[ -d $TEST_SET ]]; then "$HERE/servers.sh" remove "$TEST_SET"; fi
  ((rc == 0)) || print_failures
  stage_table
  print_total "$rc"
  exit "$rc"
}

test_command() {
  TEST_SET="$LOCAL/test/run-$$"
  rm -f "$LOCAL"/log/test-*.log
  trap end_test EXIT
  if (($# > 0)); then
    # The inner loop: only the named tests, or what cargo's own arguments choose.
    STAGES=(basics servers tests)
    if [[ $1 == -* ]]; then CHOSEN=("$@"); else CHOSEN=(--workspace -- "$@"); fi
  fi
  for STAGE in "${STAGES[@]}"; do
    STAGE_STARTED=$SECONDS
    say "${BOLD}== $STAGE${PLAIN}"
    "stage_$STAGE"
    STAGE_SECONDS[$STAGE]=$((SECONDS - STAGE_STARTED))
  done
}
