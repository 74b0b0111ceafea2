// Command testenv runs another command with a fresh PostgreSQL and a fresh
// Redis beside it: testenv run -- go test ./...
//
// It names them in TEST_DATABASE_URL and TEST_REDIS_URL, passes signals on, and
// ends with the command's exit status once both servers are gone. A server
// whose variable is set already is used as it is, and not started.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 4 || os.Args[1] != "run" || os.Args[2] != "--" {
		fmt.Fprintln(os.Stderr, "usage: testenv run -- COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	status, err := run(os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
	}
	os.Exit(status)
}
