#!/bin/sh
# Brings a checkout into a state in which it runs: packages (Node.js 26 among them), then everything that is built from source.
# Does only what is missing or older than its sources, says what it does, and needs no more than npm and any Node.js.
set -eu
cd "$(dirname "$0")/.."

# npm writes node_modules/.package-lock.json last: when it is there and not older than the lock file, the packages are complete.
installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ package-lock.json -nt "$installed" ] || [ ! -e node_modules/.bin/node ]; then
  echo 'vespid: installing packages (npm ci)' >&2
  npm ci --no-progress --loglevel=error >&2
  touch "$installed"
fi

PATH=$PWD/node_modules/.bin:$PATH
for step in build-core build-plugins; do
  [ ! -f "tools/$step.ts" ] || node "tools/$step.ts" >&2
done
