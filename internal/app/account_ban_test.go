package app_test

import (
	"strings"
	"testing"
)

// A second ban keeps what it is not told to change, and says what it changed.
func TestASecondBanSaysWhatItChanges(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "alice", "--no-password")
	if out := ok(t, e, "", "account", "unban", "alice"); out != "alice is not banned; nothing was changed\n" {
		t.Errorf("unban of somebody who is not banned printed %q", out)
	}
	if out := ok(t, e, "", "account", "ban", "--for", "2w", "--reason", "gold selling", "alice"); !strings.HasPrefix(out, "banned alice until 20") {
		t.Errorf("the ban printed %q", out)
	}
	for _, c := range []struct{ args, end, reason string }{
		{"account ban alice", "without end", "gold selling"},
		{"account ban alice --for 7d", "until 20", "gold selling"},
		{"account ban alice --reason bots", "without end", "bots"},
	} {
		out := ok(t, e, "", strings.Fields(c.args)...)
		if !strings.HasPrefix(out, "alice was banned already, ") || !strings.Contains(out, "\nthe ban is now "+c.end) || !strings.HasSuffix(out, ": "+c.reason+"\n") {
			t.Errorf("%s printed %q", c.args, out)
		}
		if line := row(t, e, "alice"); !strings.Contains(line, ": "+c.reason) {
			t.Errorf("after %s the ban is listed as %q", c.args, line)
		}
	}
	if out := ok(t, e, "", "account", "unban", "alice"); out != "lifted the ban of alice\n" {
		t.Errorf("unban printed %q", out)
	}
	// A ban that was lifted leaves no reason to the next one.
	ok(t, e, "", "account", "ban", "alice")
	if line := row(t, e, "alice"); !strings.Contains(line, "yes: No reason") {
		t.Errorf("a new ban is listed as %q", line)
	}
}
