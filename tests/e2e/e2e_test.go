package e2e_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/tests/scenario"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

func TestOneProcess(t *testing.T) {
	t.Parallel()
	d := oneProcess(t, nil)
	d.createAccounts("alice", "bob", "carol")
	scenario.Run(t, d.target("alice", "bob", "carol"))
}

func TestFiveProcesses(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t)
	scenario.Run(t, d.target("alice_01", "bjorn.aa", "emoji_dragon"))
}

// TestPlayersSurviveRestarts: whatever part behind the gateway stops or is
// killed, the players' connections stay, and they go on when it is back.
func TestPlayersSurviveRestarts(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	a, b := d.play(ctx, "alice_01"), d.play(ctx, "bjorn.aa")
	for _, part := range []string{"auth", "character", "database", "world"} {
		for _, kill := range []bool{false, true} {
			p := d.processes[part]
			if kill {
				_ = p.cmd.Process.Kill()
			} else {
				_ = p.cmd.Process.Signal(os.Interrupt)
			}
			_ = p.wait()
			d.restart[part]()
			text := fmt.Sprintf("after %s, kill=%t", part, kill)
			d.processes["packet"].until("lets players talk "+text, func() bool {
				// While the world is away what is said waits, so it may be heard late: it is said again.
				attempt, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
				defer cancel()
				return a.Shout(attempt, text) == nil
			})
			if err := b.WaitUntil(ctx, "to hear "+text, 0, func(v bot.View) bool {
				return slices.ContainsFunc(v.Heard(), func(h bot.Heard) bool { return h.Text == text })
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(a.Logout(ctx), b.Logout(ctx)); err != nil {
		t.Error(err)
	}
}

// TestSmoke is make smoke, then make run killed in the middle: neither leaves
// anything of the bots in the database.
func TestSmoke(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	check := func(more ...string) *process {
		p := ports(t, 8)
		return run(t, map[string]string{
			"WAYSTONE_DATA": data, "OPS_LISTEN_ADDR": "127.0.0.1:" + p[0],
			"DATABASE_SERVICE_PORT": p[1], "AUTH_SERVICE_PORT": p[2], "CHARACTER_SERVICE_PORT": p[3], "WORLD_SERVICE_PORT": p[4],
			"PACKET_LOGIN_PORT": p[5], "PACKET_WORLD_PORT": p[6], "PACKET_GAME_PORT": p[7], "DRAIN_DELAY": "0s",
		}, append([]string{"serve", "--check"}, more...)...)
	}
	smoke := check("--exit")
	<-smoke.done
	if smoke.err != nil || !strings.Contains(smoke.out.String(), "The server works") {
		t.Fatalf("ended with %v:\n%s", smoke.err, smoke.out.String())
	}
	killed := check()
	killed.until("lets both bots in", func() bool { return strings.Contains(killed.out.String(), "ok  bot-2 sees bot-1 ") })
	_ = killed.cmd.Process.Kill()
	<-killed.done

	if out, msg, status := command(t, map[string]string{"WAYSTONE_DATA": data}, "", "account", "list"); status != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("the accounts are\n%s%s", out, msg)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "waystone.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"user", "session", "account", "game_account", "game_character", "game_item", "game_play", "game_ticket", "game_attempt"} {
		var rows int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM "`+table+`"`).Scan(&rows); err != nil || rows > 0 {
			t.Errorf("in %s there are %d rows (%v)", table, rows, err)
		}
	}
}

// TestAFailedCheckEndsWithTheStep: a server that does not work says which step
// does not, and ends with an error.
func TestAFailedCheckEndsWithTheStep(t *testing.T) {
	t.Parallel()
	p := ports(t, 8)
	env := map[string]string{
		"WAYSTONE_DATA": t.TempDir(), "OPS_LISTEN_ADDR": "127.0.0.1:" + p[0],
		"DATABASE_SERVICE_PORT": p[1], "AUTH_SERVICE_PORT": p[2], "CHARACTER_SERVICE_PORT": p[3], "WORLD_SERVICE_PORT": p[4],
		"PACKET_LOGIN_PORT": p[5], "PACKET_WORLD_PORT": p[6], "PACKET_GAME_PORT": p[7],
		// Clients are sent to an address where nobody is.
		"PACKET_PUBLIC_ADDR": "127.0.0.2", "PACKET_WORLD_PUBLIC_PORT": freePort(t), "DRAIN_DELAY": "0s", "CHECK_TIMEOUT": "20s",
	}
	proc := run(t, env, "serve", "--check")
	<-proc.done
	if proc.err == nil || !strings.Contains(proc.out.String(), "the server does not work: ") || !strings.Contains(proc.out.String(), "FAILED") {
		t.Errorf("ended with %v:\n%s", proc.err, proc.out.String())
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	return ports(t, 1)[0]
}

// TestGamePassword: an account signs in with its password, and not with
// another.
func TestGamePassword(t *testing.T) {
	t.Parallel()
	d := oneProcess(t, nil)
	d.createAccounts("dora")
	for secret, ok := range map[string]bool{password: true, "wrong horse": false} {
		b, err := bot.Dial(t.Context(), bot.Config{Addr: d.login, User: "dora", Secret: packets.Secret(auth.ClientForm(secret))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Login(t.Context()); ok != (err == nil) {
			t.Errorf("password %q: %v", secret, err)
		}
		b.Close()
	}
}

// TestBanEndsTheGame: a ban by the operator's command puts out a player who is
// in the game, and keeps him out until it is lifted.
func TestBanEndsTheGame(t *testing.T) {
	t.Parallel()
	d := oneProcess(t, nil)
	d.createAccounts("mallory")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b := d.play(ctx, "mallory")
	defer b.Close()
	start := time.Now()
	if _, msg, status := command(t, d.env, "", "account", "ban", "mallory", "--reason", "test"); status != 0 {
		t.Fatal(msg)
	}
	if _, err := b.WaitClosed(ctx, packets.Game); err != nil {
		t.Fatalf("the game goes on after the ban: %v", err)
	}
	t.Logf("put out %v after the command was started", time.Since(start).Round(time.Millisecond))
	if _, _, _, err := d.ticket("mallory"); err == nil {
		t.Error("a banned account got a ticket")
	}
	if _, msg, status := command(t, d.env, "", "account", "unban", "mallory"); status != 0 {
		t.Fatal(msg)
	}
	again := d.play(ctx, "mallory")
	again.Close()
}

// play signs an account in and enters the zone.
func (d *deployment) play(ctx context.Context, user string) *bot.Bot {
	d.t.Helper()
	name, ticket, _, err := d.ticket(user)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.playAt(ctx, d.login, name, ticket)
}

// dial connects to a gateway's login stage.
func (d *deployment) dial(ctx context.Context, login, name, ticket string) *bot.Bot {
	d.t.Helper()
	b, err := bot.Dial(ctx, bot.Config{Addr: login, User: name, Secret: packets.Secret(ticket)})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(b.Close)
	return b
}

// playAt signs in at a gateway with a ticket and enters the zone.
func (d *deployment) playAt(ctx context.Context, login, name, ticket string) *bot.Bot {
	d.t.Helper()
	b := d.dial(ctx, login, name, ticket)
	if err := b.SignIn(ctx); err != nil {
		d.t.Fatal(err)
	}
	character, _, err := b.EnsureCharacter(ctx)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := b.Enter(ctx, character); err != nil {
		d.t.Fatal(err)
	}
	return b
}

// TestPositionSurvivesTheServer: SIGTERM saves, and SIGKILL loses nothing that
// was saved, which is done while the player plays.
func TestPositionSurvivesTheServer(t *testing.T) {
	t.Parallel()
	d := oneProcess(t, map[string]string{"WORLD_SAVE_INTERVAL": "100ms"})
	d.createAccounts("erin")
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	db, err := sql.Open("sqlite", filepath.Join(d.env["WAYSTONE_DATA"], "waystone.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, kill := range []bool{false, true} {
		b := d.play(ctx, "erin")
		self, ok := b.Self()
		if !ok {
			t.Fatal("the bot is nowhere")
		}
		x, y := float32(self.X)+300, float32(self.Y)
		if err := b.WalkTo(ctx, x, y); err != nil {
			t.Fatal(err)
		}
		p := d.processes["all"]
		if kill {
			p.until("saves where the player is", func() bool {
				var saved float32
				return db.QueryRowContext(ctx, `SELECT x FROM game_character`).Scan(&saved) == nil && saved > x-1 && saved < x+1
			})
			_ = p.cmd.Process.Kill()
			<-p.done
		} else {
			p.stop()
			if p.err != nil {
				t.Errorf("SIGTERM ended the server with %v", p.err)
			}
			closed, err := b.WaitClosed(ctx, packets.Game)
			if err != nil || closed.Announce == "" {
				t.Errorf("the player was not told that the server stops: %+v, %v", closed, err)
			}
		}
		b.Close()
		d.start("all")
		again := d.play(ctx, "erin")
		back, _ := again.Self()
		if dx, dy := float32(back.X)-x, float32(back.Y)-y; dx*dx+dy*dy > 100 {
			t.Errorf("kill=%t: left at %v, %v and came back at %v, %v", kill, x, y, back.X, back.Y)
		}
		if err := again.Logout(ctx); err != nil {
			t.Error(err)
		}
		again.Close()
	}
}

// TestLauncher: the launcher starts a client from the operator's link, and the
// client really plays.
func TestLauncher(t *testing.T) {
	t.Parallel()
	d := oneProcess(t, nil)
	d.createAccounts("frank")
	_, _, link, err := d.ticket("frank")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	result := filepath.Join(dir, "result")
	client := filepath.Join(dir, "client")
	script := "#!/bin/sh\n\"" + binary(t, "waystone") + "\" bot \"$@\" >\"" + dir + "/out\" 2>&1\necho $? >\"" + result + ".part\"\nmv \"" + result + ".part\" \"" + result + "\"\n"
	if err := os.WriteFile(client, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	launch := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), binary(t, "waystone-launcher"), args...) //nolint:gosec // the binary under test
		cmd.Env = environment(t, map[string]string{"WAYSTONE_LAUNCHER_CONFIG": filepath.Join(dir, "launcher.conf")})
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args[0], err, out)
		}
		return string(out)
	}
	launch("client", client)
	launch("allow", "127.0.0.1")
	if out := launch("run", link); strings.Contains(out, link[len(link)-32:]) {
		t.Error("the launcher printed the ticket")
	}
	d.processes["all"].until("has a client that played", func() bool {
		_, err := os.Stat(result)
		return err == nil
	})
	status, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(status)) != "0" {
		out, _ := os.ReadFile(filepath.Join(dir, "out"))
		t.Errorf("the client ended with %s\n%s", status, out)
	}
}

// free adds settings by which every port that is not given is any free one.
func free(env map[string]string) map[string]string {
	all := map[string]string{
		"OPS_LISTEN_ADDR": "127.0.0.1:0", "DATABASE_SERVICE_PORT": "0", "AUTH_SERVICE_PORT": "0",
		"CHARACTER_SERVICE_PORT": "0", "WORLD_SERVICE_PORT": "0",
		"PACKET_LOGIN_PORT": "0", "PACKET_WORLD_PORT": "0", "PACKET_GAME_PORT": "0", "DRAIN_DELAY": "0s",
	}
	maps.Copy(all, env)
	return all
}

// TestBadSettings: each stops the start with one sentence that names the
// setting, its value and what would be right.
func TestBadSettings(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() }) // the subtests run after this function has returned
	_, taken, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		says []string
	}{
		"a port out of range":      {map[string]string{"AUTH_SERVICE_PORT": "70000"}, []string{"serve"}, []string{"AUTH_SERVICE_PORT", "70000", "65535"}},
		"an unprefixed port":       {map[string]string{"SERVICE_PORT": "50052"}, []string{"serve"}, []string{"SERVICE_PORT", "DATABASE_SERVICE_PORT"}},
		"a prefixed port alone":    {map[string]string{"AUTH_SERVICE_PORT": "50052"}, []string{"serve", "auth"}, []string{"AUTH_SERVICE_PORT", "SERVICE_PORT"}},
		"a database without URL":   {nil, []string{"serve", "database"}, []string{"DATABASE_URL"}},
		"a database of no kind":    {map[string]string{"DATABASE_URL": "mysql://x"}, []string{"serve"}, []string{"DATABASE_URL", "postgres://"}},
		"a cache of no kind":       {map[string]string{"REDIS_URL": "memcached://x"}, []string{"serve"}, []string{"REDIS_URL", "redis://"}},
		"a part that is not there": {nil, []string{"serve", "quests"}, []string{"quests", "database"}},
		"a flag that is not there": {nil, []string{"serve", "--no-such-flag"}, []string{"no-such-flag"}},
		"a log level of no kind":   {map[string]string{"LOG_LEVEL": "loud"}, []string{"serve"}, []string{"LOG_LEVEL", "loud", "debug"}},
		"a peer of no kind":        {map[string]string{"DISCOVERY_AUTH": "nowhere"}, []string{"serve", "packet"}, []string{"DISCOVERY_AUTH", "nowhere"}},
		"a taken port":             {free(map[string]string{"AUTH_SERVICE_PORT": taken}), []string{"serve"}, []string{"AUTH_SERVICE_PORT", taken}},
		"a taken client port":      {free(map[string]string{"PACKET_GAME_PORT": taken}), []string{"serve"}, []string{"PACKET_GAME_PORT", taken}},
		"a taken operations port":  {free(map[string]string{"OPS_LISTEN_ADDR": "127.0.0.1:" + taken}), []string{"serve"}, []string{"OPS_LISTEN_ADDR", taken}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{"WAYSTONE_DATA": t.TempDir()}
			for k, v := range c.env {
				env[k] = v
			}
			_, stderr, status := command(t, env, "", c.args...)
			if status == 0 {
				t.Error("the server started")
			}
			var sentence string
			for line := range strings.Lines(stderr) {
				if strings.HasPrefix(line, "waystone: ") {
					sentence = line
				}
			}
			for _, s := range c.says {
				if !strings.Contains(sentence, s) {
					t.Errorf("%q does not say %q\n%s", sentence, s, stderr)
				}
			}
		})
	}
}

// TestAMissingTableIsNamed: a database without the website's tables is refused
// by the name of what is missing.
func TestAMissingTableIsNamed(t *testing.T) {
	t.Parallel()
	pg := testenv.Postgres(t)
	pg.Exec(t, `CREATE TABLE "user" (id text PRIMARY KEY, name text NOT NULL)`)
	env := map[string]string{"DATABASE_URL": pg.URL(), "REDIS_URL": "none"}
	_, stderr, status := command(t, env, "", "serve", "database")
	for _, want := range []string{"session", "email"} {
		if status == 0 || !strings.Contains(stderr, want) {
			t.Errorf("status %d, %q does not name %s", status, stderr, want)
		}
	}
	out, _, status := command(t, env, "", "db", "check")
	if status != 1 || !strings.Contains(out, "MISSING") {
		t.Errorf("db check: status %d\n%s", status, out)
	}
}
