#!/bin/sh
# Installs into .venv: `setup.sh PYTHON run` the exporter, `setup.sh PYTHON dev` also what the tests need.
# Uses uv where it is there (with the locked versions), else Python's own venv and pip. Says what is missing.
set -eu
python=$1 what=$2

fail() { echo "tls-exporter: $1" >&2; exit 1; }

if command -v uv >/dev/null 2>&1; then
    groups=--no-dev
    [ "$what" = dev ] && groups="--group dev --extra quic --extra kubernetes"
    # shellcheck disable=SC2086
    exec uv sync --quiet --locked --inexact $groups
fi
command -v "$python" >/dev/null 2>&1 ||
    fail "Python 3.11 or later is needed (Debian: apt-get install python3 python3-venv), or uv."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or later is needed, $python is $("$python" --version 2>&1); name another with: make PYTHON=python3.12 ..."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "Python's venv module is needed (Debian: apt-get install python3-venv), or uv."
[ -x .venv/bin/python ] || "$python" -m venv .venv
echo "tls-exporter: installing into .venv, this takes a minute" >&2
if [ "$what" = dev ]; then
    .venv/bin/python tools/dev_requirements.py > .venv/dev-requirements.txt
    exec .venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[quic,kubernetes]' -r .venv/dev-requirements.txt
fi
exec .venv/bin/python -m pip install --quiet --disable-pip-version-check -e .
