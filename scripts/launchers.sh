#!/usr/bin/env bash
# Builds waystone-launcher for players' systems into a folder:
#   scripts/launchers.sh VERSION FOLDER [SYSTEM/MACHINE ...]
# Programs for Linux and macOS are packed, as a browser's download would lose
# the right to execute them. SHA256SUMS lists the files.
set -euo pipefail

if [[ $# -lt 2 ]]; then
	echo "launchers: call it as scripts/launchers.sh VERSION FOLDER [SYSTEM/MACHINE ...]" >&2
	exit 2
fi
version=$1 out=$(realpath -m "$2")
shift 2
[[ $# -gt 0 ]] || set -- windows/amd64 windows/arm64 linux/amd64 linux/arm64 darwin/amd64 darwin/arm64
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The folder is replaced in one step: a website may be serving it.
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
for target in "$@"; do
	system=${target%/*} machine=${target#*/}
	flags="-s -w -X main.version=$version"
	name=waystone-launcher-$system-$machine
	program=waystone-launcher
	if [[ $system == windows ]]; then
		# No black window at every link; main attaches to a terminal if there is one.
		flags+=" -H windowsgui"
		program=$name.exe
	fi
	echo "launchers: $target"
	CGO_ENABLED=0 GOOS=$system GOARCH=$machine go build -trimpath -ldflags "$flags" -o "$work/$program" ./cmd/waystone-launcher
	if [[ $system != windows ]]; then
		# No time and no owner of the builder's: the same source is the same file.
		tar -C "$work" --owner=0 --group=0 --numeric-owner --mtime=@0 -cf - "$program" | gzip -9n >"$work/$name.tar.gz"
		rm "$work/$program"
	fi
done
(cd "$work" && sha256sum waystone-launcher-* >SHA256SUMS)
rm -rf "$out.old"
[[ ! -e $out ]] || mv "$out" "$out.old"
mv "$work" "$out"
rm -rf "$out.old"
