#!/usr/bin/env bash
# Installs what the tests need and this machine lacks: PostgreSQL, Redis and,
# for the race detector, a C compiler. With nothing to do it is fast and silent.
#
# Debian's packages would start servers of their own; neither is wanted here,
# as the tests start theirs on free ports. So while the packages are installed
# no service may start and no database cluster is made. Both settings are put
# back afterwards, whatever happens.
set -euo pipefail

packages=()
if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && ! command -v initdb >/dev/null; then
	packages+=(postgresql)
fi
if ! command -v redis-server >/dev/null && ! command -v valkey-server >/dev/null; then
	packages+=(redis-server)
fi
if ! command -v "${CC:-gcc}" >/dev/null; then
	packages+=(gcc libc6-dev)
fi
[[ ${#packages[@]} -gt 0 ]] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "test-deps: the tests need ${packages[*]} (Debian's names): install them with this system's package manager" >&2
	exit 1
fi
if [[ $EUID -ne 0 ]]; then
	echo "test-deps: the tests need ${packages[*]}; install them with" >&2
	echo "  sudo $(realpath "$0")" >&2
	exit 1
fi

exec 9<"$0"
flock 9 # two runs at once would put back each other's settings

policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.conf
saved=$(mktemp -d)
restore() {
	if [[ -e $saved/policy-rc.d ]]; then cp -p "$saved/policy-rc.d" "$policy"; else rm -f "$policy"; fi
	if [[ -e $saved/createcluster.conf ]]; then cp -p "$saved/createcluster.conf" "$cluster"; fi
	rm -rf "$saved"
}
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ -e $policy ]]; then cp -p "$policy" "$saved/policy-rc.d"; fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
install() {
	apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# The lock of the package lists, unlike dpkg's, is not waited for by apt-get.
# Lists that cannot be fetched may still be good enough: the install decides.
echo "test-deps: installing ${packages[*]}"
deadline=$((SECONDS + 120))
until out=$(LC_ALL=C apt-get update -qq </dev/null 2>&1); do
	if [[ $out != *"get lock"* || $SECONDS -ge $deadline ]]; then
		echo "test-deps: the package lists could not be updated: $out" >&2
		break
	fi
	sleep 2
done

if [[ " ${packages[*]} " == *" postgresql "* ]]; then
	install postgresql-common
	cp -p "$cluster" "$saved/createcluster.conf"
	echo 'create_main_cluster = false' >>"$cluster"
fi
install "${packages[@]}"
