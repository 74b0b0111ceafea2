package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/rueidis"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// get returns the status and the body of a page of a part.
func (d *deployment) get(part, path string) string { return page(d.opsOf[part], path) }

// page returns the status and the body of a page of an operations port, or why there
// is none.
func page(ops, path string) string {
	resp, err := http.Get("http://" + ops + path)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return resp.Status + "\n" + string(body)
}

// says waits until a part is ready, or not, and its readiness has a sentence.
func (d *deployment) says(part string, ready bool, sentence string) {
	d.t.Helper()
	d.processes[part].until(fmt.Sprintf("says ready=%v and %q", ready, sentence), func() bool {
		page := d.get(part, "/readyz")
		return strings.HasPrefix(page, "200") == ready && strings.Contains(page, sentence)
	})
}

// well waits until a part is ready and nothing is amiss.
func (d *deployment) well(part string) { d.says(part, true, `"degraded": false`) }

// TestReadinessTellsTheTruth: each part says what its users miss, in the same
// words to a probe, the operator, the log and the metrics, and no more of it
// when it is over.
func TestReadinessTellsTheTruth(t *testing.T) {
	t.Parallel()
	redis := testenv.OwnRedis(t)
	d := fiveProcesses(t, map[string]string{"REDIS_URL": redis.URL()})
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	parts := []string{"database", "auth", "character", "world", "packet"}
	for _, part := range parts {
		d.well(part)
	}
	failing := func(part, check, critical, reason string) {
		t.Helper()
		want := fmt.Sprintf("waystone_health_failing{check=%q,critical=%q,reason=%q} 1", check, critical, reason)
		d.processes[part].until("measures "+want, func() bool { return strings.Contains(d.get(part, "/metrics"), want) })
	}
	player := d.play(ctx, "alice_01")

	// Nobody can sign in without auth. Those who play go on.
	auth := d.processes["auth"]
	_ = auth.cmd.Process.Kill()
	_ = auth.wait()
	const sentence = "nobody can sign in: auth at "
	d.says("packet", false, sentence)
	failing("packet", "auth part", "true", "unreachable")
	if _, msg, status := command(t, d.env, "", "health", "http://"+d.opsOf["packet"]); status != 1 ||
		!strings.Contains(msg, "unready\n  auth part: "+sentence) || !strings.Contains(msg, "does not answer") {
		t.Errorf("waystone health: status %d: %s", status, msg)
	}
	if page := d.get("packet", "/metrics"); !strings.Contains(page, "\nwaystone_ready 0\n") {
		t.Error("waystone_ready does not say that the gateway is not ready")
	}
	if page := d.get("packet", "/readyz"); !strings.Contains(page, `"reason": "unreachable"`) {
		t.Errorf("/readyz has no reason: %s", page)
	}
	if err := player.Shout(ctx, "still here"); err != nil {
		t.Errorf("who plays cannot go on: %v", err)
	}
	d.restart["auth"]()
	d.well("packet")
	if n := strings.Count(d.processes["packet"].out.String(), `msg="health check fails" check="auth part"`); n != 1 {
		t.Errorf("the log has %d lines of it, want one", n)
	}

	// Redis answers, and takes no writes.
	host, _, err := net.SplitHostPort(redis.Addr())
	if err != nil {
		t.Fatal(err)
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{redis.Addr()}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	replicaOf := func(args ...string) {
		t.Helper()
		if err := client.Do(ctx, client.B().Arbitrary("REPLICAOF").Args(args...).Build()).Error(); err != nil {
			t.Fatal(err)
		}
	}
	replicaOf(host, "1") // a master that is not there
	d.says("database", true, "Redis is a replica and takes no writes")
	failing("database", "redis", "false", "read_only")
	if out, msg, status := command(t, d.env, "", "health", "http://"+d.opsOf["database"]); status != 0 ||
		!strings.HasPrefix(out, "ok\ndegraded: redis: Redis is a replica and takes no writes: REDIS_URL has to lead to the master") {
		t.Errorf("waystone health: status %d: %s%s", status, out, msg)
	}
	replicaOf("NO", "ONE")
	d.well("database")

	// PostgreSQL takes no writes: reads go on, nobody can sign in.
	alter := fmt.Sprintf("ALTER DATABASE %q", d.pg.Name())
	d.pg.Exec(t, alter+" SET default_transaction_read_only = on")
	d.says("database", true, alter[len(`ALTER DATABASE "`):len(alter)-1]+`\" RESET default_transaction_read_only`)
	failing("database", "database writes", "false", "read_only")
	d.says("auth", false, "nobody can sign in: database at ")
	d.says("packet", false, "nobody can sign in: auth at ")
	d.says("character", true, "no character can be made or deleted: database at ")
	d.pg.Exec(t, "BEGIN READ WRITE; "+alter+" RESET default_transaction_read_only; COMMIT")
	for _, part := range parts {
		d.well(part)
	}

	// The world stood still: the gateway says so meanwhile, the world afterwards.
	world := d.processes["world"]
	if err := world.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	d.says("packet", false, "the world has not answered for ")
	if err := world.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.says("world", true, "was late by ")
	failing("world", "zones", "false", "late")
	d.well("world")
	d.well("packet")

	// What players do is not saved without the database part.
	database := d.processes["database"]
	_ = database.cmd.Process.Kill()
	_ = database.wait()
	self, _ := player.Self()
	if err := player.WalkTo(ctx, float32(self.X)+300, float32(self.Y)); err != nil {
		t.Error(err)
	}
	d.says("world", false, "the state of 1 player is not saved since ")
	d.says("world", false, "nobody can enter the world, and nothing is saved: database at ")
	d.restart["database"]()
	for _, part := range parts {
		d.well(part)
	}
	if err := player.Logout(ctx); err != nil {
		t.Error(err)
	}
}
