package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/scenario"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// deployment is a running server, however it is spread over processes.
type deployment struct {
	t         *testing.T
	env       map[string]string // for the operator's commands
	common    map[string]string // settings of every part, where each runs alone
	pg        *testenv.PG       // nil on the embedded database
	login     string            // host:port of the login stage
	port      string            // of the login stage
	ops       string            // operations endpoint of the process that has the gateway
	opsOf     map[string]string // operations endpoints by part, where each runs alone
	processes map[string]*process
	restart   map[string]func() // starts a part that has ended again
}

// oneProcess starts all parts in one process on the embedded database.
func oneProcess(t *testing.T, more map[string]string) *deployment {
	t.Helper()
	p := ports(t, 8)
	env := map[string]string{
		"WAYSTONE_DATA":         t.TempDir(),
		"OPS_LISTEN_ADDR":       "127.0.0.1:" + p[0],
		"DATABASE_SERVICE_PORT": p[1], "AUTH_SERVICE_PORT": p[2], "CHARACTER_SERVICE_PORT": p[3], "WORLD_SERVICE_PORT": p[4],
		"PACKET_LOGIN_PORT": p[5], "PACKET_WORLD_PORT": p[6], "PACKET_GAME_PORT": p[7],
		"DRAIN_DELAY": "0s",
	}
	maps.Copy(env, more)
	d := &deployment{
		t: t, env: env, login: "127.0.0.1:" + p[5], port: p[5], ops: env["OPS_LISTEN_ADDR"],
		processes: map[string]*process{},
	}
	d.start("all")
	return d
}

// start starts the process that runs all parts, again if need be.
func (d *deployment) start(name string) {
	d.t.Helper()
	p := run(d.t, d.env, "serve")
	d.processes[name] = p
	p.ready(d.ops)
}

// fiveProcesses starts each part alone, on PostgreSQL with the rows of a real
// website, and Redis. more are settings of every part; a REDIS_URL among them
// is in place of one of the shared server.
func fiveProcesses(t *testing.T, more ...map[string]string) *deployment {
	t.Helper()
	pg := testenv.Postgres(t)
	for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql", "rebase_postgres.sql"} {
		pg.Exec(t, betterauth.Read(f))
	}
	p := ports(t, 12)
	common := map[string]string{
		"LISTEN_ADDR":        "127.0.0.1",
		"DISCOVERY_DATABASE": "127.0.0.1:" + p[0], "DISCOVERY_AUTH": "127.0.0.1:" + p[1],
		"DISCOVERY_CHARACTER": "127.0.0.1:" + p[2], "DISCOVERY_WORLD": "127.0.0.1:" + p[3],
		"DRAIN_DELAY": "0s",
	}
	for _, m := range more {
		maps.Copy(common, m)
	}
	database := map[string]string{"DATABASE_URL": pg.URL(), "REDIS_URL": common["REDIS_URL"]}
	if database["REDIS_URL"] == "" {
		database["REDIS_URL"] = testenv.Redis(t)
	}
	d := &deployment{
		t: t, env: database, common: common, pg: pg, login: "127.0.0.1:" + p[4], port: p[4], ops: "127.0.0.1:" + p[11],
		opsOf: map[string]string{}, processes: map[string]*process{}, restart: map[string]func(){},
	}
	for i, part := range []string{"database", "auth", "character", "world", "packet"} {
		env := maps.Clone(common)
		ops := "127.0.0.1:" + p[7+i]
		env["OPS_LISTEN_ADDR"], d.opsOf[part] = ops, ops
		switch part {
		case "database":
			maps.Copy(env, database)
			env["SERVICE_PORT"] = p[0]
		case "packet":
			env["PACKET_LOGIN_PORT"], env["PACKET_WORLD_PORT"], env["PACKET_GAME_PORT"] = p[4], p[5], p[6]
		default:
			env["SERVICE_PORT"] = p[i]
		}
		d.restart[part] = func() {
			d.processes[part] = run(t, env, "serve", part)
			d.processes[part].ready(ops)
		}
		d.restart[part]()
	}
	return d
}

// gateway starts one more gateway beside those that there are, and returns the
// address of its login stage and what waits until it says that it is ready, or
// that it is not.
func (d *deployment) gateway() (login string, await func(ready bool)) {
	d.t.Helper()
	free := ports(d.t, 4)
	env := maps.Clone(d.common)
	env["OPS_LISTEN_ADDR"] = "127.0.0.1:" + free[0]
	env["PACKET_LOGIN_PORT"], env["PACKET_WORLD_PORT"], env["PACKET_GAME_PORT"] = free[1], free[2], free[3]
	p := run(d.t, env, "serve", "packet")
	await = func(ready bool) {
		d.t.Helper()
		p.until(fmt.Sprint("says ready=", ready), func() bool {
			resp, err := http.Get("http://" + env["OPS_LISTEN_ADDR"] + "/readyz")
			if err != nil {
				return false
			}
			_ = resp.Body.Close()
			return (resp.StatusCode == http.StatusOK) == ready
		})
	}
	await(true)
	return "127.0.0.1:" + free[1], await
}

// ticket gets a ticket as an operator does, and returns what the link says.
func (d *deployment) ticket(user string) (name, ticket, link string, err error) {
	out, msg, status := command(d.t, d.env, "", "account", "ticket", user, "--port", d.port)
	if status != 0 {
		return "", "", "", fmt.Errorf("account ticket %s: %s", user, msg)
	}
	link = strings.TrimSpace(out)
	for pair := range strings.SplitSeq(link[strings.Index(link, "?")+1:], "&") {
		switch key, value, _ := strings.Cut(pair, "="); key {
		case "user":
			name = value
		case "ticket":
			ticket = value
		}
	}
	return name, ticket, link, nil
}

// target makes a scenario's target of accounts that exist.
func (d *deployment) target(users ...string) scenario.Target {
	d.t.Helper()
	target := scenario.Target{LoginAddr: d.login}
	for _, u := range users {
		name, _, _, err := d.ticket(u)
		if err != nil {
			d.t.Fatal(err)
		}
		target.Users = append(target.Users, scenario.User{Name: name, Ticket: func(context.Context) (string, error) {
			_, ticket, _, err := d.ticket(u)
			return ticket, err
		}})
	}
	return target
}

// createAccounts makes accounts on the embedded database while the server
// runs.
func (d *deployment) createAccounts(names ...string) {
	d.t.Helper()
	for _, n := range names {
		if _, msg, status := command(d.t, d.env, password+"\n", "account", "create", n, "--no-website-password"); status != 0 {
			d.t.Fatalf("account create %s: %s", n, msg)
		}
	}
}

const password = "correct horse"
