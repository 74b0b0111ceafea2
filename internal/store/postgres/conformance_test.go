package postgres_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// The contract is kept with no more rights than the README asks for.
func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: leastEnvs(t)})
}

func TestReader(t *testing.T) {
	storetest.RunReader(t, leastEnvs(t))
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, openEnv)
}
