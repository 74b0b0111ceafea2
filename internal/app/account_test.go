package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

// row returns the line of account list that begins with a name, "" without one.
func row(t *testing.T, e env, name string) string {
	t.Helper()
	for line := range strings.Lines(ok(t, e, "", "account", "list")) {
		if strings.HasPrefix(line, name+" ") {
			return line
		}
	}
	return ""
}

func TestAccountLife(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	out := ok(t, e, "correct horse\nbattery staple\n", "account", "create", "Alice", "--email", "alice@example.com")
	made := regexp.MustCompile(`^created the account Alice \(id ([A-Za-z0-9]{32})\)\n$`).FindStringSubmatch(out)
	if made == nil {
		t.Fatalf("create printed %q", out)
	}
	id := made[1]
	ok(t, e, "", "account", "create", "bob", "--no-password")
	if line := row(t, e, "Alice"); !strings.Contains(line, id) || !strings.Contains(line, "alice@example.com") {
		t.Errorf("Alice is listed as %q", line)
	}
	if line := row(t, e, "bob"); !strings.Contains(line, "bob@waystone.invalid") {
		t.Errorf("bob is listed as %q", line)
	}

	// Each of the three names finds the account.
	ok(t, e, "", "account", "ban", "alice", "--reason", "for good")
	if line := row(t, e, "Alice"); !strings.Contains(line, "yes: for good") {
		t.Errorf("a banned account is listed as %q", line)
	}
	refused(t, e, "", 1, []string{"account", "ticket", "alice"}, "banned")
	ok(t, e, "", "account", "unban", "alice@example.com")
	if line := row(t, e, "Alice"); strings.Contains(line, "for good") {
		t.Errorf("after the ban was lifted it is listed as %q", line)
	}
	ok(t, e, "", "account", "ban", id, "--for", "48h")
	if line := row(t, e, "Alice"); !strings.Contains(line, "until 20") || !strings.Contains(line, ": No reason") {
		t.Errorf("a ban with an end is listed as %q", line)
	}
	if line := row(t, e, "bob"); strings.Contains(line, "until") {
		t.Errorf("the ban hit bob: %q", line)
	}
	ok(t, e, "", "account", "unban", id)
	ok(t, e, "", "account", "ban", "bob", "--for", "7d")
	if line := row(t, e, "bob"); !strings.Contains(line, "until "+time.Now().UTC().Add(7*24*time.Hour).Format(time.DateOnly)) {
		t.Errorf("a ban of seven days is listed as %q", line)
	}

	long := strings.Repeat("x", 64)
	for stdin, want := range map[string]string{
		"another password\n": "set the game password of alice\n",
		long + "\r\n":        "set the game password of alice\n", // the end of the line is no part of it
		"without an end":     "set the game password of alice\n",
		"\n":                 "removed the game password of alice\n",
		"":                   "removed the game password of alice\n",
		"the first\nof two":  "set the game password of alice\n",
	} {
		if out := ok(t, e, stdin, "account", "set-password", "alice"); out != want {
			t.Errorf("set-password with %q printed %q, want %q", stdin, out, want)
		}
	}
	refused(t, e, "short\n", 1, []string{"account", "set-password", "alice"}, "password: must be 8 to 64 bytes long")
	refused(t, e, long+"x\n", 1, []string{"account", "set-password", "alice"}, "password: must be 8 to 64 bytes long")
	refused(t, e, "\n", 1, []string{"account", "create", "carol"}, "password: must be")
	if line := row(t, e, "carol"); line != "" {
		t.Errorf("an account was made without the password that it asked for: %q", line)
	}
	// An account that never had a password gets one.
	ok(t, e, "the first one\n", "account", "set-password", "bob")
}

func TestTicketOfAnAccount(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "Alice", "--no-password")
	r := run(t, e, "", "account", "ticket", "alice")
	if r.code != 0 {
		t.Fatalf("exit status %d: %s", r.code, r.stderr)
	}
	first, err := launcher.ParseLink(strings.TrimSuffix(r.stdout, "\n"))
	if err != nil {
		t.Fatalf("the printed link: %v", err)
	}
	if first.Host != "127.0.0.1" || first.Port != 29000 || !strings.EqualFold(first.User, "alice") {
		t.Errorf("the link names %s, port %d, user %s", first.Host, first.Port, first.User)
	}
	if strings.Contains(r.stderr, first.Ticket) {
		t.Error("the ticket is on standard error too")
	}
	if !strings.Contains(r.stderr, "valid for one sign-in until") || !strings.Contains(r.stderr, "--host") {
		t.Errorf("it does not say how long the link is valid, and that it leads to this machine: %q", r.stderr)
	}
	r = run(t, e, "", "account", "ticket", "alice", "--host", "play.example.com", "--port", "29001")
	second, err := launcher.ParseLink(strings.TrimSuffix(r.stdout, "\n"))
	if err != nil {
		t.Fatalf("the printed link: %v; %s", err, r.stderr)
	}
	if second.Host != "play.example.com" || second.Port != 29001 || second.Ticket == first.Ticket {
		t.Errorf("the link names %s, port %d; same ticket: %v", second.Host, second.Port, second.Ticket == first.Ticket)
	}
	if strings.Contains(r.stderr, "this machine") {
		t.Errorf("a link that leads elsewhere is said to lead here: %q", r.stderr)
	}
	for host, want := range map[string]string{"::1": "host", "a b": "host", "127.1": "host"} {
		refused(t, e, "", 1, []string{"account", "ticket", "alice", "--host", host}, want)
	}
	if r := run(t, e, "", "account", "ticket", "alice", "--port", "0"); r.code == 0 || !strings.Contains(r.stderr, "port") {
		t.Errorf("port 0: exit status %d: %s", r.code, r.stderr)
	}
}

func TestAccountErrorsNameWhatWasWrong(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "alice", "--no-password")
	for _, cmd := range []string{"ban", "unban", "set-password", "ticket"} {
		refused(t, e, "", 1, []string{"account", cmd, "nobody"}, `no account has the user name, e-mail address or id "nobody"`)
	}
	refused(t, e, "", 1, []string{"account", "create", "ALICE", "--no-password", "--email", "other@example.com"}, "another account has the user name ALICE")
	refused(t, e, "", 1, []string{"account", "create", "carol", "--no-password", "--email", "alice@waystone.invalid"}, "another account has the e-mail address")
	for _, name := range []string{"a b", "x", "naïve"} {
		r := run(t, e, "", "account", "create", name, "--no-password")
		if r.code != 1 || r.stderr == "" {
			t.Errorf("create %q: exit status %d: %s", name, r.code, r.stderr)
		}
	}
	if r := run(t, e, "", "account", "ban", "alice", "--for", "-1h"); r.code == 0 || !strings.Contains(r.stderr, "-1h") {
		t.Errorf("a ban that ends in the past: exit status %d: %s", r.code, r.stderr)
	}
	if line := row(t, e, "alice"); strings.Contains(line, "yes") || strings.Contains(line, "until") {
		t.Errorf("after all of that alice is listed as %q", line)
	}
}

func TestTheWebsiteOwnsAccountsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	e := env{"DATABASE_URL": "postgres://waystone:canary@127.0.0.1:1/game"}
	for _, cmd := range []string{"create", "ban", "unban"} {
		refused(t, e, "", 1, []string{"account", cmd, "alice"}, "the website owns these rows", "--as-website")
	}
	refused(t, e, "", 1, []string{"db", "backup", filepath.Join(t.TempDir(), "copy.db")}, "pg_dump")
	refused(t, e, "", 1, []string{"db", "restore", filepath.Join(t.TempDir(), "copy.db")}, "pg_restore", "docs/operations.md")
}

func TestDatabaseCommands(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	file := filepath.Join(e["WAYSTONE_DATA"], "waystone.db")
	if out := ok(t, e, "", "db", "migrate"); out != "the tables of the embedded database "+file+" are up to date\n" {
		t.Errorf("migrate printed %q", out)
	}
	ok(t, e, "", "db", "migrate") // once more changes nothing
	out := ok(t, e, "", "db", "check")
	lines := 0
	for line := range strings.Lines(out) {
		lines++
		if !strings.HasPrefix(line, "ok ") {
			t.Errorf("check of a good database printed %q", line)
		}
	}
	if lines == 0 {
		t.Error("check looked at nothing")
	}

	ok(t, e, "", "account", "create", "alice", "--no-password")
	copied := filepath.Join(t.TempDir(), "copy.db")
	if out := ok(t, e, "", "db", "backup", copied); !strings.Contains(out, copied) {
		t.Errorf("backup printed %q", out)
	}
	ok(t, e, "", "account", "create", "bob", "--no-password")
	old := env{"DATABASE_URL": "sqlite:" + copied}
	if row(t, old, "alice") == "" || row(t, old, "bob") != "" {
		t.Error("the copy is not what the database was")
	}
	ok(t, old, "", "db", "check")
	refused(t, e, "", 1, []string{"db", "backup", copied}, copied)

	out = ok(t, e, "", "db", "restore", copied)
	for _, w := range []string{"restored the embedded database " + file + " from " + copied, "kept as " + file + ".before-restore."} {
		if !strings.Contains(out, w) {
			t.Errorf("restore does not say %q: %s", w, out)
		}
	}
	if row(t, e, "alice") == "" || row(t, e, "bob") != "" {
		t.Error("the database is not what was restored")
	}
	_, kept, _ := strings.Cut(strings.TrimSpace(out), "kept as ")
	if row(t, env{"DATABASE_URL": "sqlite:" + kept}, "bob") == "" {
		t.Errorf("%s is not what the database was", kept)
	}
	garbage := writeFile(t, strings.Repeat("this is no database. ", 100))
	refused(t, e, "", 1, []string{"db", "restore", garbage}, garbage, "not a database")
}

func TestADatabaseThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "waystone.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range [][]string{{"db", "check"}, {"db", "migrate"}, {"account", "list"}} {
		refused(t, env{"WAYSTONE_DATA": dir}, "", 1, cmd, file, "not a database", "waystone db restore FILE")
		refused(t, env{"WAYSTONE_DATA": filepath.Join(file, "below")}, "", 1, cmd, file, "WAYSTONE_DATA")
	}
}
