#!/usr/bin/env bash
# Prints the version of what is checked out: the newest tag vX.Y.Z, and how far
# from it this is, such as 1.2.0 or 1.2.0-5-gabc1234-dirty. Before the first
# tag it counts from 0.0.0; without git it is 0.0.0-unknown.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! commit=$(git rev-parse --short HEAD 2>/dev/null); then
	echo 0.0.0-unknown
	exit
fi
if version=$(git describe --tags --match 'v[0-9]*.[0-9]*.[0-9]*' --dirty 2>/dev/null); then
	echo "${version#v}"
	exit
fi
dirty=
git diff --quiet HEAD -- || dirty=-dirty
echo "0.0.0-$(git rev-list --count HEAD)-g$commit$dirty"
