#!/bin/sh
# Writes the settings of compose.yaml: .env.example with a random secret of 48
# letters and digits behind each name that has none.
#
#   deploy/new-env.sh [FILE]      FILE is deploy/.env by default; an existing file is kept
set -eu
umask 077
here=$(dirname "$0")
to=${1:-$here/.env}
if [ -e "$to" ]; then
	echo "new-env: $to already exists, and its secrets may be in use" >&2
	exit 1
fi
trap 'rm -f "$to.new"' EXIT
while IFS= read -r line; do
	case $line in
	[A-Z]*=) printf '%s%s\n' "$line" "$(od -An -v -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
	*) printf '%s\n' "$line" ;;
	esac
done <"$here/.env.example" >"$to.new"
mv "$to.new" "$to"
echo "new-env: wrote $to"
