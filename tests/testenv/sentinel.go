package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// The name of the master of a [SentinelGroup], and how soon it is given up.
const (
	masterName = "testmaster"
	downAfter  = 500 * time.Millisecond
)

// Secrets are the passwords of a [SentinelGroup]; where one is empty, none is
// asked for.
type Secrets struct{ Servers, Sentinels string }

// SentinelGroup is a Redis master, its replica and three Sentinels of one test.
type SentinelGroup struct {
	Redis     [2]*PrivateRedis // the first begins as the master
	Sentinels [3]*Server
	secrets   Secrets
}

// OwnSentinels starts a [SentinelGroup] for this test alone, which takes a
// second or two; it ends with the test. A master that is gone or stands still
// is replaced within some seconds.
func OwnSentinels(t testing.TB, secrets Secrets) *SentinelGroup {
	t.Helper()
	g := &SentinelGroup{secrets: secrets}
	var servers, sentinels []string
	if secrets.Servers != "" {
		servers = []string{"requirepass=" + secrets.Servers, "masterauth=" + secrets.Servers}
		sentinels = []string{"sentinel=auth-pass " + masterName + " " + secrets.Servers}
	}
	if secrets.Sentinels != "" {
		sentinels = append(sentinels, "requirepass="+secrets.Sentinels, "sentinel=sentinel-pass "+secrets.Sentinels)
	}
	g.Redis[0] = OwnRedis(t, servers...)
	port := g.Redis[0].local.Port()
	g.Redis[1] = OwnRedis(t, append(slices.Clone(servers), "replicaof=127.0.0.1 "+strconv.Itoa(port))...)
	// Sentinels find only the replicas that are there.
	await(t, "the replica follows its master", func(ctx context.Context) error {
		return isReplica(ctx, &g.Redis[1].Server, secrets.Servers)
	})
	for i := range g.Sentinels {
		g.Sentinels[i] = &Server{own(t, local.HaveRedis, func(ctx context.Context, settings ...string) (*local.Server, error) {
			return local.Sentinel(ctx, masterName, port, len(g.Sentinels)/2+1, downAfter, settings...)
		}, sentinels)}
		// They look around every two to ten seconds otherwise. A busy machine makes
		// them doubt their clocks, for thirty.
		g.command(t, g.Sentinels[i], "SENTINEL", "DEBUG", "info-period", "200", "publish-period", "200", "ask-period", "200", "tilt-period", "500")
	}
	for _, s := range g.Sentinels {
		await(t, "a Sentinel knows the others and the replica", func(ctx context.Context) error { return g.complete(ctx, s) })
	}
	return g
}

// URL is what a client connects with.
func (g *SentinelGroup) URL() string {
	var hosts []string
	for _, s := range g.Sentinels {
		hosts = append(hosts, s.Addr())
	}
	text := "redis-sentinel://" + strings.Join(hosts, ",") + "/" + masterName
	if g.secrets.Servers != "" {
		text = strings.Replace(text, "//", "//:"+url.QueryEscape(g.secrets.Servers)+"@", 1)
	}
	if g.secrets.Sentinels != "" {
		text += "?sentinel_password=" + url.QueryEscape(g.secrets.Sentinels)
	}
	return text
}

// AwaitMaster waits until all Sentinels that run name one of the servers as the
// master, and it is one.
func (g *SentinelGroup) AwaitMaster(t testing.TB, master *PrivateRedis) {
	t.Helper()
	await(t, "the replica is made the master", func(ctx context.Context) error {
		for _, s := range g.Sentinels {
			if !s.local.Running() {
				continue
			}
			addr, err := ask(ctx, s, g.secrets.Sentinels, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName).AsStrSlice()
			if err != nil {
				return err
			}
			if len(addr) != 2 || addr[0]+":"+addr[1] != master.Addr() {
				return fmt.Errorf("a Sentinel names %v", addr)
			}
		}
		role, err := role(ctx, &master.Server, g.secrets.Servers)
		if err == nil && role[0] != "master" {
			err = fmt.Errorf("it is a %s", role[0])
		}
		return err
	})
}

// sentinelsOwn is how long the Sentinels have to make a server a replica.
const sentinelsOwn = 20 * time.Second

// AwaitReplica waits until a server follows the other one as its replica, and
// all Sentinels that run know it. On a busy machine the Sentinels may leave a
// master that came back as it is: it is told then, as an operator would tell it.
func (g *SentinelGroup) AwaitReplica(t testing.TB, replica *PrivateRedis) {
	t.Helper()
	began := time.Now()
	await(t, "the server is made a replica", func(ctx context.Context) error {
		err := isReplica(ctx, &replica.Server, g.secrets.Servers)
		if err != nil && time.Since(began) > sentinelsOwn {
			other := g.Redis[0]
			if other == replica {
				other = g.Redis[1]
			}
			host, port, _ := net.SplitHostPort(other.Addr())
			err = errors.Join(err, ask(ctx, &replica.Server, g.secrets.Servers, "REPLICAOF", host, port).Error())
		}
		for _, s := range g.Sentinels {
			if err == nil && s.local.Running() {
				err = g.knows(ctx, s, "REPLICAS", len(g.Redis)-1)
			}
		}
		return err
	})
}

func (g *SentinelGroup) command(t testing.TB, s *Server, args ...string) {
	t.Helper()
	ctx, cancel := bounded()
	defer cancel()
	check(t, ask(ctx, s, g.secrets.Sentinels, args...).Error())
}

// complete reports what a Sentinel does not know yet.
func (g *SentinelGroup) complete(ctx context.Context, s *Server) error {
	return errors.Join(
		ask(ctx, s, g.secrets.Sentinels, "SENTINEL", "CKQUORUM", masterName).Error(),
		g.knows(ctx, s, "SENTINELS", len(g.Sentinels)-1),
		g.knows(ctx, s, "REPLICAS", len(g.Redis)-1),
	)
}

// knows reports when a Sentinel knows fewer others of a kind, or takes one of
// them for down.
func (g *SentinelGroup) knows(ctx context.Context, s *Server, kind string, want int) error {
	known, err := ask(ctx, s, g.secrets.Sentinels, "SENTINEL", kind, masterName).ToArray()
	if err != nil {
		return err
	}
	if len(known) != want {
		return fmt.Errorf("it knows %d %s", len(known), kind)
	}
	for _, k := range known {
		fields, err := k.AsStrMap()
		if err != nil {
			return err
		}
		if strings.Contains(fields["flags"], "down") || fields["master-link-status"] == "err" {
			return fmt.Errorf("of the %s one is %s, its link %s", kind, fields["flags"], fields["master-link-status"])
		}
	}
	return nil
}

// ask sends one command on a connection of its own.
func ask(ctx context.Context, s *Server, password string, args ...string) rueidis.RedisResult {
	client, err := connect(rueidis.ClientOption{InitAddress: []string{s.Addr()}, Password: password}, 0)
	if err != nil {
		return rueidis.NewErrorResult(err)
	}
	defer client.Close()
	return client.Do(ctx, client.B().Arbitrary(args...).Build())
}

// role is what a server says of itself, at least one word.
func role(ctx context.Context, s *Server, password string) ([]string, error) {
	reply, err := ask(ctx, s, password, "ROLE").ToArray()
	if err != nil {
		return nil, err
	}
	var words []string
	for _, r := range reply {
		word, err := r.ToString()
		if err != nil { // a number, or a list
			word = ""
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return nil, errors.New("it says nothing of its role")
	}
	return words, nil
}

// isReplica reports why a server is no replica that has all that its master has.
func isReplica(ctx context.Context, s *Server, password string) error {
	words, err := role(ctx, s, password)
	if err == nil && (len(words) < 4 || words[0] != "slave" || words[3] != "connected") {
		err = fmt.Errorf("its role is %q", words)
	}
	return err
}

// await polls, for nobody is told when servers have come to terms.
func await(t testing.TB, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s: %v", within, what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
