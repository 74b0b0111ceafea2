package postgres_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: openEnv})
}

func TestReader(t *testing.T) {
	storetest.RunReader(t, openEnv)
}

func BenchmarkStore(b *testing.B) {
	storetest.Bench(b, openEnv)
}
