#!/usr/bin/env bash
# Runs every fuzz target of the tree, one after the other, and ends at the
# first that finds something: Go has then written the input to testdata/fuzz.
# usage: fuzz.sh [TIME PER TARGET]
set -euo pipefail

time=${1:-60s}
targets=$(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd internal tests | sort)
while IFS=: read -r file function; do
	name=${function#func }
	dir=$(dirname "$file")
	echo "== $name in $dir"
	go test "./$dir" -run '^$' -fuzz "^$name\$" -fuzztime "$time"
done <<<"$targets"
