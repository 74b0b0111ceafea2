package app_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// setUser writes columns of a user's row, as a website that checks less, or
// another program, does.
func setUser(t *testing.T, e env, name, assignments string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(e["WAYSTONE_DATA"], "waystone.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	done, err := db.ExecContext(t.Context(), `UPDATE "user" SET `+assignments+` WHERE username = ?`, append(args, name)...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d rows of %s were written, %v", n, name, err)
	}
}

// What people choose moves no cursor, makes no lines and hides nothing on an
// operator's terminal, and nobody is listed by the name of another.
func TestTextsOfPeopleOnTheTerminal(t *testing.T) {
	t.Parallel()
	const evil = "x\x1b[2J\x1b]0;owned\x07\n\u202egnp\u009b31m"
	e := newEnv(t)
	for _, name := range []string{"victim", "attacker", "mallory"} {
		ok(t, e, "", "account", "create", name, "--no-password")
	}
	setUser(t, e, "attacker", `displayUsername = 'victim', name = 'victim'`)
	setUser(t, e, "mallory", `email = ?, role = ?, banned = 1, banReason = ?`, evil+"@example.com", evil, strings.Repeat(evil, 10_000))

	list := ok(t, e, "", "account", "list")
	lines := strings.Split(strings.TrimSpace(list), "\n")
	if len(lines) != 4 {
		t.Errorf("three accounts make the list\n%.2000s", list)
	}
	if strings.Count(list, "\nvictim ") != 1 || !strings.Contains(list, "\nattacker ") {
		t.Errorf("an account goes by another's name in\n%.2000s", list)
	}
	printed := list + ok(t, e, "", "account", "ban", "mallory") + ok(t, e, "", "db", "check")
	if strings.ContainsAny(printed, "\x1b\x07\u202e\u009b") {
		t.Errorf("the terminal gets %.3000q", printed)
	}
	if len(printed) > 20_000 {
		t.Errorf("one account's texts make %d bytes", len(printed))
	}
}

// A mixed-case name is an example in the check of the database.
func TestNamesInTheCheckOfTheDatabase(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "mallory", "--no-password")
	setUser(t, e, "mallory", `username = ?`, "M\x1b[2J\nok  \u202e"+strings.Repeat("x", 60_000))
	r := run(t, e, "", "db", "check")
	if strings.ContainsAny(r.stdout+r.stderr, "\x1b\u202e") || len(r.stdout) > 20_000 {
		t.Errorf("the terminal gets %d bytes: %.3000q", len(r.stdout), r.stdout+r.stderr)
	}
	if strings.Contains(r.stdout, "\nok  \u202e") || !strings.Contains(r.stdout, `M\x1b[2J\x0aok`) {
		t.Errorf("the example is told as %.3000q", r.stdout)
	}
}
