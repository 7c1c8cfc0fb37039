#!/bin/sh
# Install Balcão and its pinned, hash-checked packages into a virtual environment.
#
#   install.sh dev VENV       everything a developer needs; the checkout itself, editable
#   install.sh runtime VENV   what a server needs; Balcão as a wheel, and no installer left behind
#
# Does nothing when VENV already holds exactly this. PYTHON names the interpreter to use (3.11 or newer).
set -eu

kind=$1
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"

case $kind in
    dev) lock=requirements/dev.lock ;;
    runtime) lock=requirements/runtime.lock ;;
    *) echo "install.sh: unknown kind '$kind': dev or runtime" >&2; exit 2 ;;
esac

find_python() {
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$name" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Balcão needs Python 3.11 or newer${PYTHON:+ (PYTHON=$PYTHON is not)}." >&2
    exit 1
}

about() { "$1" -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null || true; }

python=$(find_python)
mkdir -p "$2"
venv=$(cd "$2" && pwd -P)

# What the environment is made of: interpreter, place, locks, this script. An editable install also needs to be
# done again when the project's metadata changes, a wheel when any file of it does.
fingerprint() {
    echo "$kind $root $venv $(about "$python")"
    cat "$lock" requirements/installer.lock scripts/install.sh pyproject.toml | cksum
    if [ "$kind" = runtime ]; then
        find bot scheduler conversations handlers storage -type f ! -name '*.pyc' -exec cksum {} + | sort
    fi
}

stamp=$venv/.balcao-installed
wanted=$(fingerprint)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

echo "Installing Balcão ($kind) into $2 ..."
rm -f "$stamp"
tools=$venv
if [ "$kind" = runtime ]; then
    tools=$(mktemp -d)
    trap 'rm -rf "$tools"' EXIT
    "$python" -m venv --clear --without-pip "$venv"
fi
if [ "$(about "$tools/bin/python")" != "$(about "$python")" ] || ! "$tools/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$tools"
fi

# uv is many times faster. Plain pip takes over where uv has no build, or where only pip knows the way out (a mirror
# or a proxy in pip's own settings).
pip() { "$tools/bin/python" -m pip -qq --disable-pip-version-check "$@"; }
uv() { "$tools/bin/uv" --quiet "$@"; }

pip install --require-hashes -r requirements/installer.lock
export UV_LINK_MODE="${UV_LINK_MODE:-copy}"
compile=
[ "$kind" = dev ] || compile=--compile-bytecode
uv pip sync --python "$venv/bin/python" --require-hashes $compile "$lock" ||
    pip --python "$venv/bin/python" install --require-hashes -r "$lock"

if [ "$kind" = dev ]; then
    uv pip install --python "$venv/bin/python" --no-deps --no-build-isolation --offline --editable . ||
        pip --python "$venv/bin/python" install --no-deps --no-build-isolation --no-index --editable .
else
    HATCH_QUIET=2 "$tools/bin/python" -m hatchling build -t wheel -d "$tools/wheel" >/dev/null
    pip --python "$venv/bin/python" install --no-deps --no-index "$tools"/wheel/*.whl
fi

printf '%s\n' "$wanted" >"$stamp"
