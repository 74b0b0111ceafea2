#!/usr/bin/env bash
# Runs the example website, and the game server beside it when none answers.
# Ctrl-C stops what was started here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

auth=${AUTH_ADDR:-127.0.0.1:50051}
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
	LOG_LEVEL=${LOG_LEVEL:-warn} bin/waystone serve &
	pids+=($!)
	until answers; do
		kill -0 "${pids[0]}" 2>/dev/null || { echo "website: the game server did not start" >&2; exit 1; }
		sleep 0.1
	done
fi
(cd website && exec node_modules/.bin/node src/main.ts) &
pids+=($!)
wait -n "${pids[@]}"
