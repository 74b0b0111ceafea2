package testenv_test

import (
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestSentinelsReplaceTheMaster(t *testing.T) {
	t.Parallel()
	group := testenv.OwnSentinels(t, testenv.Secrets{Servers: "one", Sentinels: "two"})
	group.AwaitMaster(t, group.Redis[0])
	group.Redis[0].Freeze(t)
	group.AwaitMaster(t, group.Redis[1])
	group.Redis[0].Thaw(t)
	group.AwaitReplica(t, group.Redis[0])
	group.Redis[1].Kill(t)
	group.AwaitMaster(t, group.Redis[0])
	// A Sentinel that was away knows what it knew.
	group.Sentinels[0].Kill(t)
	group.Sentinels[0].Start(t)
	group.AwaitMaster(t, group.Redis[0])
}

func TestClusterReplacesAMaster(t *testing.T) {
	t.Parallel()
	cluster := testenv.OwnCluster(t)
	masters := map[*testenv.PrivateRedis]bool{}
	for _, key := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		masters[cluster.Master(t, key)] = true
	}
	if len(masters) != 3 {
		t.Errorf("26 keys are on %d masters, want 3", len(masters))
	}
	first := cluster.Master(t, "k")
	first.Kill(t)
	cluster.AwaitTakeover(t, "k", first)
	second := cluster.Master(t, "k")
	if second == first {
		t.Fatal("the key is still where nobody is")
	}
	first.Start(t)
	cluster.AwaitReplica(t, first)
	second.Freeze(t)
	cluster.AwaitTakeover(t, "k", second)
	second.Thaw(t)
}
