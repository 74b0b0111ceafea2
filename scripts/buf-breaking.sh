#!/usr/bin/env bash
# Compares the protos with those of the main branch and fails when a change
# would break a part that is still running the older ones. Without such a
# branch, as in a shallow checkout, there is nothing to compare with.
# usage: buf-breaking.sh BUF
set -euo pipefail

buf=$(realpath "$1")
for ref in origin/main main; do
	if git cat-file -e "$ref:buf.yaml" 2>/dev/null; then
		base=$(mktemp -d)
		trap 'rm -rf "$base"' EXIT
		git archive "$ref" buf.yaml proto third_party | tar -x -C "$base"
		"$buf" breaking --against "$base"
		exit
	fi
done
echo "buf breaking: no main branch with protos here, nothing to compare with"
