#!/usr/bin/env bash
# Runs the example website, and the game server beside it when none answers.
# Ctrl-C stops what was started here. The settings of the server are the
# environment's, and the website is told where that listens.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node=$PWD/website/node_modules/.bin/node
auth=${AUTH_ADDR:-127.0.0.1:${AUTH_SERVICE_PORT:-50051}}
answers() { (exec 3<>"/dev/tcp/${auth%:*}/${auth##*:}") 2>/dev/null; }

pids=()
stop() {
	trap - EXIT
	[[ ${#pids[@]} -eq 0 ]] || kill "${pids[@]}" 2>/dev/null || true
	wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! answers; then
	if [[ -n ${AUTH_ADDR-} ]]; then
		echo "website: no game server answers at $auth (AUTH_ADDR)" >&2
		exit 1
	fi
	# In PostgreSQL the tables of the accounts are the website's to make, and the
	# server needs them. In SQLite the server makes the file.
	if [[ ${DATABASE_URL-} == postgres*://* ]]; then
		"$node" website/src/migrate.ts
	fi
	LOG_LEVEL=${LOG_LEVEL:-warn} bin/waystone serve &
	pids+=($!)
	until answers; do
		kill -0 "${pids[0]}" 2>/dev/null || { echo "website: the game server did not start" >&2; exit 1; }
		sleep 0.1
	done
	export CHARACTER_ADDR=${CHARACTER_ADDR:-127.0.0.1:${CHARACTER_SERVICE_PORT:-50053}}
	export GAME_PORT=${GAME_PORT:-${PACKET_LOGIN_PORT:-29000}}
fi
export AUTH_ADDR=$auth
(cd website && exec "$node" src/main.ts) &
pids+=($!)
wait -n "${pids[@]}"
