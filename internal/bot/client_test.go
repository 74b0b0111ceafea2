package bot_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/bot/bottest"
)

// clientArgs is the command line that the launcher gives the game client.
func clientArgs(t *testing.T, s *bottest.Server, user, secret string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"_server", host, "_port", port, "_direct", "_userid", user, "_pw", secret}
}

func TestClientMainPlays(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	ticket := s.Ticket("ada")
	args := clientArgs(t, s, "ada", ticket)
	var out, errs bytes.Buffer
	if code := bot.ClientMain(t.Context(), args, &out, &errs); code != bot.ExitOK || errs.Len() > 0 {
		t.Fatalf("status %d: %s", code, &errs)
	}
	want := []string{"ok  signs in", "ok  has a character", "ok  enters", "ok  walks", "ok  walks back", "ok  says hello", "ok  logs out"}
	if diff := cmp.Diff(want, withoutTimes(strings.Split(strings.TrimSpace(out.String()), "\n"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	// The ticket is used up now.
	out.Reset()
	if code := bot.ClientMain(t.Context(), args, &out, &errs); code != bot.ExitFailed {
		t.Errorf("status %d", code)
	}
	if got := errs.String(); got != "signs in: login: result 3 (wrong password)\n" {
		t.Errorf("said %q", got)
	}
	if strings.Contains(out.String()+errs.String(), ticket) {
		t.Error("the ticket was printed")
	}
}

func TestClientMainRefusesOtherArguments(t *testing.T) {
	t.Parallel()
	const secret = "abcdefghijklmnopqrstuvwxyz012345"
	good := "_server 127.0.0.1 _port 29000 _direct _userid ada _pw " + secret
	for args, want := range map[string]string{
		"":                                       "_server is missing",
		strings.Replace(good, "_direct ", "", 1): "_direct is missing",
		good + " _direct":                        "_direct is there twice",
		good + " _pw " + secret:                  "_pw is there twice",
		good + " " + secret:                      "an argument is not one of",
		strings.TrimSuffix(good, " "+secret):     "_pw has no value",
		strings.TrimSuffix(good, "5"):            "_pw is not 32 characters long",
		strings.Replace(good, "127.0.0.1", "localhost", 1):       "_server is not a numeric IPv4 address",
		strings.Replace(good, "127.0.0.1", "::1", 1):             "_server is not a numeric IPv4 address",
		strings.Replace(good, "29000", "0", 1):                   "_port is not a number",
		strings.Replace(good, "29000", "65536", 1):               "_port is not a number",
		strings.Replace(good, "29000", "-1", 1):                  "_port is not a number",
		strings.Replace(good, "ada", strings.Repeat("a", 65), 1): "_userid is not 1 to 64 bytes long",
	} {
		var out, errs bytes.Buffer
		if code := bot.ClientMain(t.Context(), strings.Fields(args), &out, &errs); code != bot.ExitUsage {
			t.Errorf("%q: status %d", args, code)
		}
		if !strings.HasPrefix(errs.String(), want) || strings.Contains(errs.String(), "012345") || out.Len() > 0 {
			t.Errorf("%q: said %q", args, &errs)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestClientMainFailsWhenItsReportIsLost(t *testing.T) {
	t.Parallel()
	s := bottest.Start(t)
	var errs bytes.Buffer
	if code := bot.ClientMain(t.Context(), clientArgs(t, s, "ada", s.Ticket("ada")), brokenWriter{}, &errs); code != bot.ExitFailed {
		t.Errorf("status %d", code)
	}
	if got := errs.String(); got != "write the report: no space left\n" {
		t.Errorf("said %q", got)
	}
}
