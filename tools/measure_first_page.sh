#!/usr/bin/env bash
# How long from nothing to a page that can be used: clone, `make run`, until the simulator answers.
#
#   tools/measure_first_page.sh [REPOSITORY]    default: the repository this file is in
#
# Works in a temporary folder and on a free port, and removes what it made. What pip has in its cache already is not
# downloaded again: PIP_NO_CACHE_DIR=1 measures a machine that has never seen these packages.
set -euo pipefail

repository=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
give_up_seconds=900
work=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
server=

clean_up() {
    if [ -n "$server" ]; then
        kill -INT -- "-$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap clean_up EXIT

answers() {
    python3 - "http://127.0.0.1:$port/simulator" 2>/dev/null <<'PYTHON'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=2)
PYTHON
}

begun=$SECONDS
git clone --quiet "$repository" "$work/krajai"
cloned=$SECONDS
set -m # the server gets a process group of its own, as Ctrl-C needs it
(cd "$work/krajai" && exec env -u KRAJAI_DATABASE_URL KRAJAI_PORT="$port" make run) >"$work/log" 2>&1 &
server=$!
set +m
until answers; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log"; echo "make run ended before the page was there." >&2; exit 1; }
    [ $((SECONDS - begun)) -lt "$give_up_seconds" ] || { cat "$work/log"; echo "No page after $give_up_seconds s." >&2; exit 1; }
    sleep 0.2
done
echo "clone: $((cloned - begun)) s"
echo "from the clone to a usable page: $((SECONDS - begun)) s"
echo "installed: $(du -sh "$work/krajai/.venv" | cut -f1)"
