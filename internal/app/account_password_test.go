package app_test

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/app"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
)

// passwordsOf returns the hashes of an account: of the website and of the game.
func passwordsOf(t *testing.T, e env, name string) (website, game string) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(e["WAYSTONE_DATA"], "waystone.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.GetCredential(t.Context(), store.ByUsername, name)
	if err != nil {
		t.Fatal(err)
	}
	switch g, err := s.GetGameAccount(t.Context(), c.User.ID); {
	case err == nil:
		game = g.PasswordHash
	case !errors.Is(err, store.ErrGameAccountNotFound):
		t.Fatal(err)
	}
	return c.PasswordHash, game
}

func TestCreateSetsThePasswordsThatItIsGiven(t *testing.T) {
	t.Parallel()
	const first, second = "correct horse", "battery staple"
	for name, c := range map[string]struct {
		stdin, flags  string
		website, game string
		says          string
	}{
		"both":            {first + "\n" + second + "\n", "", first, second, ""},
		"windows":         {first + "\r\n" + second + "\r\n", "", first, second, ""},
		"website.only":    {first + "\n", "", first, "", "waystone account set-password website.only"},
		"an.empty.line":   {first + "\n\n", "", first, "", "set a game password"},
		"website.by.flag": {first + "\n" + second + "\n", "--no-game-password", first, "", "set a game password"},
		"game.by.flag":    {second + "\n" + first + "\n", "--no-website-password", "", second, ""},
		"neither":         {first + "\n", "--no-password", "", "", "waystone account ticket neither"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			r := run(t, e, c.stdin, append([]string{"account", "create", name}, strings.Fields(c.flags)...)...)
			if r.code != 0 || !strings.Contains(r.stderr, c.says) {
				t.Fatalf("exit status %d: %s", r.code, r.stderr)
			}
			website, game := passwordsOf(t, e, name)
			if (website == "") != (c.website == "") || website != "" && !auth.VerifySitePassword(website, c.website) {
				t.Errorf("the website's hash is %q, want one of %q", website, c.website)
			}
			if (game == "") != (c.game == "") || game != "" && !auth.VerifyGamePassword(game, c.game) {
				t.Errorf("the game's hash is %q, want one of %q", game, c.game)
			}
		})
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for stdin, want := range map[string]string{
		"short\nbattery staple\n":                   "website password: must be 8 to 128 characters long; --no-website-password",
		strings.Repeat("x", 129) + "\n":             "website password: must be 8 to 128",
		"correct horse\nshort\n":                    "game password: must be 8 to 64 bytes long; --no-game-password",
		"correct horse\ncorrect horse\n":            "the game password must differ",
		"correct horse\n" + strings.Repeat("x", 65): "game password: must be 8 to 64",
		"":                   "website password: must be 8 to 128",
		"\nbattery staple\n": "website password: must be 8 to 128",
	} {
		refused(t, e, stdin, 1, []string{"account", "create", "carol"}, want)
	}
	ok(t, e, "correct horse\nbattery staple\n", "account", "create", "carol")
	refused(t, e, "correct horse\n", 1, []string{"account", "set-password", "carol"}, "the game password must differ")
	refused(t, e, "battery staple\n", 1, []string{"account", "set-password", "--website", "carol"}, "the game password must differ")
	refused(t, e, "\n", 1, []string{"account", "set-password", "carol", "--website"}, "must be 8 to 128")
	if website, game := passwordsOf(t, e, "carol"); !auth.VerifySitePassword(website, "correct horse") || !auth.VerifyGamePassword(game, "battery staple") {
		t.Error("a refused password was set")
	}
}

func TestSetTheWebsitePassword(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "dave", "--no-password")
	for _, password := range []string{"correct horse", "battery staple"} { // the first makes a row, the second changes it
		if out := ok(t, e, password+"\n", "account", "set-password", "--website", "dave"); out != "set the website password of dave\n" {
			t.Errorf("it printed %q", out)
		}
		if website, game := passwordsOf(t, e, "dave"); !auth.VerifySitePassword(website, password) || game != "" {
			t.Errorf("the website's hash is %q, the game's %q", website, game)
		}
	}
	pg := env{"DATABASE_URL": "postgres://waystone:canary@127.0.0.1:1/game", "OPS_LISTEN_ADDR": "127.0.0.1:0"}
	refused(t, pg, "correct horse\n", 1, []string{"account", "set-password", "--website", "dave"}, "the website sets its own passwords")
}

// Whether a name can be had is said before a password is read.
func TestCreateChecksTheNameFirst(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	ok(t, e, "", "account", "create", "alice", "--no-password")
	for _, args := range [][]string{
		{"alice"}, {"ALICE"}, {"a b"}, {"x"}, {"naïve"}, {"carol", "--email", "alice@waystone.invalid"}, {"carol", "--email", "nobody"},
	} {
		var errs strings.Builder
		status := app.Main(t.Context(), app.Process{
			Args: append([]string{"account", "create"}, args...), Env: e.list(), Stdin: unread{t}, Stdout: io.Discard, Stderr: &errs,
		})
		if status != 1 {
			t.Errorf("%v: status %d, %s", args, status, &errs)
		}
	}
}

// unread is an input that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("a password was read")
	return 0, io.EOF
}
