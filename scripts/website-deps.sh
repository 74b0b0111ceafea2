#!/usr/bin/env bash
# Installs what the example website needs and this machine lacks: npm, the
# packages of website/package-lock.json (Node among them) and, when called with
# "test", Chromium. With nothing to do it is fast and silent.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=()
if ! command -v npm >/dev/null; then
	packages+=(npm)
fi
if [[ ${1-} == test && -z ${CHROMIUM-} && ! -x /usr/bin/chromium ]]; then
	packages+=(chromium)
fi
if [[ ${#packages[@]} -gt 0 ]]; then
	if ! command -v apt-get >/dev/null; then
		echo "website-deps: the website needs ${packages[*]} (Debian's names): install them with this system's package manager; CHROMIUM names a Chromium elsewhere" >&2
		exit 1
	fi
	if [[ $EUID -ne 0 ]]; then
		echo "website-deps: the website needs ${packages[*]}; install them with" >&2
		echo "  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
		exit 1
	fi
	echo "website-deps: installing ${packages[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# Lists that cannot be fetched may still be good enough: the install decides.
	apt-get update -qq </dev/null || echo "website-deps: the package lists could not be updated" >&2
	apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 "${packages[@]}" </dev/null >/dev/null
fi

# The copy says what was installed last.
stamp=website/node_modules/.waystone-lock
if ! cmp -s website/package-lock.json "$stamp"; then
	echo "website-deps: installing the website's npm packages"
	(cd website && npm ci --no-progress --loglevel=error </dev/null)
	cp website/package-lock.json "$stamp"
fi
