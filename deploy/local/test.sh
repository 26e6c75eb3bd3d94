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

# What takes seconds comes first.
STAGES=(tools formatting structure dependencies types servers migrations build sqlx tests)
declare -A STAGE_SECONDS=()
STAGE=''
TEST_PACKAGES='' # of which packages tests are run; none: of all
TEST_NAMES=()    # words in the names of tests; none: all
SCHEMATHESIS_PID=''

stage_tools() {
  require_rust
  require_packages
  require_rust_components
  require_test_tools
  require_cargo_tools
}

stage_basics() {
  require_rust
  require_packages
  require_rust_components
  require_test_packages
  require_node # samples of the guide run in it
}

stage_formatting() { quiet 'formatting' cargo fmt --all --check -- --color never; }
stage_servers() { SET_OWNER=$$ start_servers "$TEST_SET"; }
stage_migrations() { quiet 'migrations in an empty database' make_macros_database; }
# Lints, compiles the program and all tests, and asks Postgres about every query, in one pass.
stage_build() { quiet 'build and lint, asking Postgres about every query' recording_queries "$TEST_SET/sqlx" build_all; }
stage_rebuild() { quiet 'build and lint' build_all; }
stage_sqlx() { quiet 'committed .sqlx is what Postgres said' compare_sqlx; }
stage_dependencies() {
  quiet 'bans, licences, sources' "$LOCAL/tools/cargo/bin/cargo-deny" --locked --config "$REPO/deny.toml" \
    check bans licenses sources
  # Doctests are off where there are none: rustdoc would start once for each crate.
  quiet 'no dependency is unused, no test is left out' "$LOCAL/tools/cargo/bin/cargo-shear" \
    --locked --check-test-targets --deny-warnings "$REPO"
}
stage_structure() { quiet 'names and circles' python3 "$HERE/structure.py" --check "$REPO"; }
stage_types() { quiet 'TypeScript types are what the documents say, and do what they promise' npm --prefix "$REPO/web" run check; }

# Schemathesis waits for answers most of the time, as the tests do: side by side, each to its end.
stage_tests() {
  local failed=()
  start_schemathesis
  run_tests "${TEST_MINUTES:-45}" || failed+=(tests)
  end_schemathesis || failed+=(schemathesis)
  ((${#failed[@]} == 0)) || die "failed: ${failed[*]}; their logs: $LOCAL/log/test-*.log"
}
stage_chosen() { run_tests "${TEST_MINUTES:-}" || die "tests failed; their log: $LOCAL/log/test-tests.log"; }

# Most tests wait for servers most of the time: four at once, however many processors there are or seem to be. Tests of a
# program share what they start, so they run in one process. (nextest, which starts a process for each test, needed a third
# more processor time, and a tenth more time.)
run_tests() { # MINUTES
  if [[ -n $TEST_PACKAGES ]]; then
    # Chosen by what starts them: `cargo test -p` would build with other features, and everything again.
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    export TEST_PACKAGES "CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUNNER=$HERE/run-chosen-package"
  fi
  RUST_TEST_THREADS=${RUST_TEST_THREADS:-4} shown "$LOCAL/log/test-tests.log" "$1" \
    linting cargo test --locked --no-fail-fast --workspace --tests -- ${TEST_NAMES[@]+"${TEST_NAMES[@]}"}
}

start_schemathesis() {
  set -m
  (
    set +m
    "$REPO/target/debug/schemathesis"
  ) >"$LOCAL/log/test-schemathesis.log" 2>&1 </dev/null 9>&- &
  SCHEMATHESIS_PID=$!
  set +m
}

end_schemathesis() {
  local rc=0
  show_alive 'Schemathesis' "$LOCAL/log/test-schemathesis.log" "$SCHEMATHESIS_PID"
  wait "$SCHEMATHESIS_PID" || rc=$?
  SCHEMATHESIS_PID=''
  cat "$LOCAL/log/test-schemathesis.log"
  return "$rc"
}

# A cargo command whose compiler is clippy: what is compiled is linted, and a warning is an error. Dependencies are compiled
# by rustc as ever. Clippy takes its arguments from this variable, in this form, as `cargo clippy` sets it.
linting() {
  RUSTC_WORKSPACE_WRAPPER=$(rustc --print sysroot)/bin/clippy-driver \
    CLIPPY_ARGS='-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__' "$@"
}

# `build` for the programs that tests start; all with --workspace, so that features are the same everywhere.
build_all() {
  linting cargo test --workspace --tests --locked --no-run
  linting cargo build --workspace --bins --examples --locked
}

# Long and silent: into a log, with signs of life.
quiet() { # NAME COMMAND…
  local name=$1
  shift
  step "$name" "$LOCAL/log/test-$STAGE.log" "$@"
}

# What the test runners say is shown as it comes, and kept. In a process group of its own, like every step. With a number of
# minutes, it is ended when it has not ended by then: a test that hangs would say nothing for ever.
shown() { # LOG [MINUTES] COMMAND…
  local rc=0 log=$1 minutes=$2 deadline
  shift 2
  if [[ -t 1 ]]; then export CARGO_TERM_COLOR=always; fi
  say "+ $*"
  set -m
  ("$@" 2>&1 | tee "$log") </dev/null &
  STEP_PID=$!
  set +m
  if [[ -n $minutes ]]; then
    deadline=$((SECONDS + minutes * 60))
    while kill -0 "$STEP_PID" 2>/dev/null; do
      if ((SECONDS >= deadline)); then
        say "not done after $minutes minutes (TEST_MINUTES): ended" >&2
        end_running_step
        return 1
      fi
      sleep 0.2
    done
  fi
  wait "$STEP_PID" || rc=$?
  STEP_PID=''
  return "$rc"
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

# The reason of each test that failed, once more at the end: it stands far above, between backtraces. And which did not end.
print_failures() {
  awk '
    /^test .* has been running for over / { running[$2] = 1 }
    /^test .* \.\.\. / { delete running[$2] }
    END { for (name in running) print name ": did not end" }
    /^---- .* stdout ----$/ { name = $2; shown = 0; next }
    /^stack backtrace:|^note: run with|^failures:$/ { shown = 0 }
    name != "" && / panicked at / { print name ": " $0; shown = 20; next }
    shown > 0 && NF { print "  " $0; shown-- }
  ' "$LOCAL/log/test-tests.log" 2>/dev/null || true
}

stage_table() {
  stage_lines | tee "$LOCAL/log/test-seconds"
}

stage_lines() {
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
  if [[ -n $SCHEMATHESIS_PID ]]; then kill -TERM -- "-$SCHEMATHESIS_PID" 2>/dev/null || true; fi
  if [[ -d $TEST_SET ]]; then "$HERE/servers.sh" remove "$TEST_SET"; fi
  ((rc == 0)) || print_failures
  stage_table
  print_total "$rc"
  exit "$rc"
}

choose_tests() {
  while (($# > 0)); do
    case $1 in
      -p | --package)
        (($# > 1)) || die "$1 wants the name of a package"
        [[ -f $REPO/$2/Cargo.toml || $2 == system-tests || -f $REPO/examples/$2/Cargo.toml ]] || die "there is no package $2"
        TEST_PACKAGES+=" $2 "
        shift 2
        ;;
      -*) die "no such option: $1 (./dev test [-p PACKAGE]… [NAME]…)" ;;
      *)
        TEST_NAMES+=("$1")
        shift
        ;;
    esac
  done
}

test_command() {
  TEST_SET="$LOCAL/test/run-$$"
  rm -f "$LOCAL"/log/test-*.log
  trap end_test EXIT
  if (($# > 0)); then
    # The inner loop: only the named tests.
    STAGES=(basics servers rebuild chosen)
    choose_tests "$@"
  fi
  for STAGE in "${STAGES[@]}"; do
    STAGE_STARTED=$SECONDS
    say "${BOLD}== $STAGE${PLAIN}"
    "stage_$STAGE"
    STAGE_SECONDS[$STAGE]=$((SECONDS - STAGE_STARTED))
  done
}

# Links of the documentation that lead nowhere are errors. Not part of ./dev test: it takes longer than it finds.
doc_command() {
  require_rust
  require_packages
  RUSTDOCFLAGS='-D warnings' step 'documentation' "$LOCAL/log/doc.log" cargo doc --workspace --no-deps --locked
  say "open $REPO/target/doc/chatlog/index.html"
}
