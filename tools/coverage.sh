#!/bin/sh
# Runs `npm test` under c8, then prints the coverage summary and, last, the tests' own report. Exits as the tests did.
set -u
cd "$(dirname "$0")/.."
mkdir -p coverage
rm -rf coverage/tmp
report=coverage/test.txt
status=0
# Code from the compile cache would count as not covered.
export NODE_DISABLE_COMPILE_CACHE=1
PATH=$PWD/node_modules/.bin:$PATH
c8 --reporter=none --temp-directory coverage/tmp npm test >"$report" 2>&1 || status=$?
c8 report --temp-directory coverage/tmp --reporter=text-summary --reporter=lcovonly --include 'host/**' --include 'sdk/**' || true
cat "$report"
exit "$status"
