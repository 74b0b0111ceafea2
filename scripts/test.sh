#!/usr/bin/env bash
# Runs every test once: those of the plain packages as they are, all others
# with the race detector, and those of the tools module.
# usage: RACE_FLAGS='go test flag …' test.sh 'PATTERN …' 'PLAIN PATTERN …' [go test flag …]
#
# All of it runs even when some of it fails.
set -euo pipefail

read -ra patterns <<<"$1"
read -ra plain_patterns <<<"$2"
shift 2

# Patterns that match nothing are no error: a build may leave packages out.
all=$(go list "${patterns[@]}")
plain=$(go list "${plain_patterns[@]}" 2>/dev/null | grep -Fx -f <(echo "$all") || true)
race=$(grep -Fxv -f <(echo "$plain") <<<"$all" || true)

# Both at once: the tests of whole processes, which are plain, wait for most of
# their time.
status=0
pids=()
if [[ -n $race ]]; then
	go test $RACE_FLAGS "$@" $race &
	pids+=($!)
fi
if [[ -n $plain ]]; then
	go test "$@" $plain &
	pids+=($!)
fi
for pid in "${pids[@]}"; do
	wait "$pid" || status=1
done
# Those compare files outside of their module, which the test cache does not see.
go -C tools test -count=1 "$@" ./... || status=1
exit $status
