package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

const (
	clusterMasters = 3 // fewer have no majority without one of them
	clusterSlots   = 16384
	// nodeTimeout is after what silence the nodes of a cluster call one down.
	nodeTimeout = time.Second
)

// RedisCluster is a Redis Cluster of one test: three masters, each with a
// replica.
type RedisCluster struct {
	Nodes []*PrivateRedis // the masters first, as it began
}

// OwnCluster starts a [RedisCluster] for this test alone, which takes some
// seconds; it ends with the test. A master that is gone or stands still is
// replaced within some seconds.
func OwnCluster(t testing.TB) *RedisCluster {
	t.Helper()
	c := &RedisCluster{}
	for range 2 * clusterMasters {
		c.Nodes = append(c.Nodes, &PrivateRedis{Server{own(t, local.HaveRedis, func(ctx context.Context, settings ...string) (*local.Server, error) {
			return local.ClusterNode(ctx, nodeTimeout, settings...)
		}, nil)}})
	}
	ctx, cancel := bounded()
	defer cancel()
	check(t, c.join(ctx))
	for _, n := range c.Nodes {
		await(t, "all nodes know each other", func(ctx context.Context) error {
			return info(ctx, n, "cluster_known_nodes:"+strconv.Itoa(len(c.Nodes)))
		})
	}
	for i, n := range c.Nodes[clusterMasters:] {
		master, err := ask(ctx, &c.Nodes[i].Server, "", "CLUSTER", "MYID").ToString()
		check(t, err)
		await(t, "a replica is told its master", func(ctx context.Context) error {
			return ask(ctx, &n.Server, "", "CLUSTER", "REPLICATE", master).Error()
		})
	}
	for i, n := range c.Nodes {
		await(t, "the cluster is complete", func(ctx context.Context) error {
			if i >= clusterMasters {
				if err := isReplica(ctx, &n.Server, ""); err != nil {
					return err
				}
			}
			return whole(ctx, n, func(s shard) bool { return s.replicas == 1 })
		})
	}
	return c
}

// join gives out the slots and introduces all nodes to each other, which is
// quicker than to let them hear of each other.
func (c *RedisCluster) join(ctx context.Context) error {
	for i, n := range c.Nodes {
		commands := [][]string{{"CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i + 1)}}
		if i < clusterMasters {
			first, next := i*clusterSlots/clusterMasters, (i+1)*clusterSlots/clusterMasters
			commands = append(commands, []string{"CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(next - 1)})
		}
		for _, other := range c.Nodes[:i] {
			bus, err := ask(ctx, &other.Server, "", "CONFIG", "GET", "cluster-port").AsStrMap()
			if err != nil {
				return err
			}
			commands = append(commands, []string{"CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(other.local.Port()), bus["cluster-port"]})
		}
		for _, command := range commands {
			if err := ask(ctx, &n.Server, "", command...).Error(); err != nil {
				return fmt.Errorf("%v: %w", command, err)
			}
		}
	}
	return nil
}

// URL is what a client connects with; it names the nodes that began as masters.
func (c *RedisCluster) URL() string {
	var hosts []string
	for _, n := range c.Nodes[:clusterMasters] {
		hosts = append(hosts, n.Addr())
	}
	return "redis-cluster://" + strings.Join(hosts, ",")
}

// Master returns the node that keeps a key.
func (c *RedisCluster) Master(t testing.TB, key string) *PrivateRedis {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	i := slices.IndexFunc(c.Nodes, func(n *PrivateRedis) bool { return n.local.Running() })
	if i < 0 {
		t.Fatal("no node of the cluster runs")
	}
	addr, err := owner(ctx, c.Nodes[i], key)
	check(t, err)
	i = slices.IndexFunc(c.Nodes, func(n *PrivateRedis) bool { return n.Addr() == addr })
	if i < 0 {
		t.Fatalf("the key is kept by %q, which is none of the nodes", addr)
	}
	return c.Nodes[i]
}

// AwaitTakeover waits until all nodes but one agree that another keeps a key,
// and that the cluster is whole.
func (c *RedisCluster) AwaitTakeover(t testing.TB, key string, from *PrivateRedis) {
	t.Helper()
	for _, n := range c.Nodes {
		if n == from || !n.local.Running() {
			continue
		}
		await(t, "the replica takes over", func(ctx context.Context) error {
			addr, err := owner(ctx, n, key)
			if err != nil {
				return err
			}
			if addr == from.Addr() {
				return fmt.Errorf("%s still says that it is %s", n.Addr(), addr)
			}
			return whole(ctx, n, func(s shard) bool { return s.master != from.Addr() })
		})
	}
}

// AwaitReplica waits until a node follows the one that took over from it.
func (c *RedisCluster) AwaitReplica(t testing.TB, replica *PrivateRedis) {
	t.Helper()
	await(t, "the node is made a replica", func(ctx context.Context) error { return isReplica(ctx, &replica.Server, "") })
}

// shard is a range of slots and who keeps it.
type shard struct {
	first, last int64
	master      string // host:port
	replicas    int
}

// shards returns what a node knows of all.
func shards(ctx context.Context, n *PrivateRedis) ([]shard, error) {
	reply, err := ask(ctx, &n.Server, "", "CLUSTER", "SLOTS").ToArray()
	if err != nil {
		return nil, err
	}
	var list []shard
	for _, r := range reply {
		fields, err := r.ToArray()
		if err != nil || len(fields) < 3 {
			return nil, errors.Join(fmt.Errorf("a range of %d fields", len(fields)), err)
		}
		master, err := fields[2].ToArray()
		if err != nil || len(master) < 2 {
			return nil, errors.Join(fmt.Errorf("a node of %d fields", len(master)), err)
		}
		s := shard{replicas: len(fields) - 3}
		host, err1 := master[0].ToString()
		port, err2 := master[1].AsInt64()
		var err3, err4 error
		s.first, err3 = fields[0].AsInt64()
		s.last, err4 = fields[1].AsInt64()
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return nil, err
		}
		s.master = net.JoinHostPort(host, strconv.FormatInt(port, 10))
		list = append(list, s)
	}
	return list, nil
}

// owner is the address of who keeps a key, as far as a node knows.
func owner(ctx context.Context, n *PrivateRedis, key string) (string, error) {
	slot, err := ask(ctx, &n.Server, "", "CLUSTER", "KEYSLOT", key).AsInt64()
	if err != nil {
		return "", err
	}
	list, err := shards(ctx, n)
	if err != nil {
		return "", err
	}
	for _, s := range list {
		if s.first <= slot && slot <= s.last {
			return s.master, nil
		}
	}
	return "", fmt.Errorf("nobody keeps slot %d", slot)
}

// whole reports why a node does not see a whole cluster of shards that are all
// as they should be.
func whole(ctx context.Context, n *PrivateRedis, right func(shard) bool) error {
	if err := info(ctx, n, "cluster_state:ok"); err != nil {
		return err
	}
	list, err := shards(ctx, n)
	if err != nil {
		return err
	}
	slots := int64(0)
	for _, s := range list {
		slots += s.last - s.first + 1
		if !right(s) {
			return fmt.Errorf("%s sees %+v", n.Addr(), s)
		}
	}
	if slots != clusterSlots {
		return fmt.Errorf("%s sees %d slots", n.Addr(), slots)
	}
	return nil
}

// info reports when CLUSTER INFO lacks a line.
func info(ctx context.Context, n *PrivateRedis, line string) error {
	text, err := ask(ctx, &n.Server, "", "CLUSTER", "INFO").ToString()
	if err == nil && !strings.Contains(text, line+"\r\n") {
		err = fmt.Errorf("%s does not say %s", n.Addr(), line)
	}
	return err
}
