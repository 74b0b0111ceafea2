package local_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// own is what the owner that is to be killed does. Should it not be killed, it
// ends with the test that holds the other end of its standard input.
func own() int {
	pg, err := local.Postgres(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	redis, err := local.Redis(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stdout, pg.Addr())
	fmt.Fprintln(os.Stdout, redis.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 1
}
