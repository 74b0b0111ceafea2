package bot_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Every goroutine of a bot, of a swarm and of the small server has to be over
// when its owner says so.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
