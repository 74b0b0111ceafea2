package scenario_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No scenario leaves a goroutine behind, whether it fails or not.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
