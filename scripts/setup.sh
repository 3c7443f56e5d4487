#!/usr/bin/env bash
# Make .venv with the project and its pinned libraries, and see to the system libraries. `make setup` calls this.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# as root, or through sudo where it asks no password
apt_install() {
    command -v apt-get >/dev/null || return 1
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"
}

[ -n "${PYTHON:-}" ] || fail "Moodlight needs Python 3.11 or later, and none was found." \
    "Where it is installed under another name: make PYTHON=/path/to/python3.11"

# Debian and Ubuntu keep venv in a package of its own
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    apt_install "python$version-venv" || fail "Python's venv module is missing. Type this, then call make again:" "" \
        "    sudo apt-get install -y python$version-venv"
fi

# an environment that was left half made is made anew
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv --clear .venv
echo "Installing Moodlight and its libraries into .venv; the first time takes some minutes ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
.venv/bin/python scripts/system_libraries.py
touch .venv/.ready
