package launcher_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

const aboutURL = "/.well-known/waystone-play"

// browser plays the player's browser on the launcher's pages.
type browser struct {
	t      *testing.T
	client *http.Client
	page   string
	header http.Header
	body   string
	status int
}

func newBrowser(t *testing.T, page string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Error(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}, page: page}
}

func (br *browser) do(req *http.Request) string {
	br.t.Helper()
	resp, err := br.client.Do(req)
	if err != nil {
		br.t.Errorf("%s: %v", req.Method, err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		br.t.Errorf("%s: the page is not whole: %v", req.Method, err)
	}
	br.header, br.status, br.body = resp.Header, resp.StatusCode, string(body)
	return br.body
}

func (br *browser) request(method string, form url.Values) *http.Request {
	br.t.Helper()
	req, err := http.NewRequestWithContext(br.t.Context(), method, br.page, strings.NewReader(form.Encode()))
	if err != nil {
		br.t.Error(err)
	}
	if method == http.MethodPost {
		u, _ := url.Parse(br.page)
		req.Header.Set("Origin", "http://"+u.Host)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req
}

func (br *browser) open() string {
	br.t.Helper()
	return br.do(br.request(http.MethodGet, nil))
}

// form is what the page's form sends with some fields filled in.
func (br *browser) form(fields map[string]string) url.Values {
	form := url.Values{}
	for k, v := range fields {
		form.Set(k, v)
	}
	if m := regexp.MustCompile(`name="step" value="(\d+)"`).FindStringSubmatch(br.body); m != nil {
		form.Set("step", m[1])
	}
	return form
}

func (br *browser) answer(fields map[string]string) string {
	br.t.Helper()
	return br.do(br.request(http.MethodPost, br.form(fields)))
}

func (br *browser) says(want ...string) {
	br.t.Helper()
	for _, w := range want {
		if !strings.Contains(br.body, w) {
			br.t.Errorf("the page (status %d) does not say %q:\n%s", br.status, w, br.body)
		}
	}
	if strings.Contains(br.body, ticket) {
		br.t.Error("the ticket is on the page")
	}
}

var start = map[string]string{"answer": "start"}

// localLink leads to this PC and names a site.
func localLink(site string) string {
	l := strings.Replace(good, "play.example.org", "127.0.0.1", 1)
	if site != "" {
		l += "&site=" + site
	}
	return l
}

// ours is a site that says that its game is where localLink leads.
func ours(t *testing.T) *website {
	t.Helper()
	w := newWebsite(t)
	w.set(aboutURL, reply{body: `{"host":"127.0.0.1","port":29000}`})
	return w
}

// logged returns what the log holds, which is never a secret.
func (b *bench) logged() string {
	b.t.Helper()
	data, err := os.ReadFile(b.log())
	if err != nil {
		b.t.Error(err)
	}
	for _, s := range []string{token, secret, ticket} {
		if strings.Contains(string(data), s) {
			b.t.Errorf("a secret is in the log:\n%s", data)
		}
	}
	return string(data)
}

// A player without a terminal who presses Play for the first time is asked in
// the browser, by the name of the site, and plays after one click.
func TestAsksOnAPageWhereThereIsNoTerminal(t *testing.T) {
	b, out := signInBench(t)
	w := ours(t)
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says(w.URL+" wants to start the game on 127.0.0.1.", "Start", "Cancel")
		if _, err := os.Stat(out); err == nil {
			t.Error("the client was started before the click")
		}
		br.answer(start)
		br.says("The game is starting")
	}
	if code := b.run("run", localLink(w.URL)); code != 0 {
		t.Fatalf("status %d, %s", code, &b.stderr)
	}
	if got := clientArgs(t, out); got[len(got)-1] != ticket {
		t.Errorf("arguments: %q", got)
	}
	b.silent(t)
	if !strings.Contains(b.logged(), "started the game client") {
		t.Errorf("the log: %s", b.logged())
	}
	b.run("list")
	if strings.Contains(b.stdout.String(), "allowed   127.0.0.1") {
		t.Error("the host was remembered although the player did not say so")
	}
}

func TestAnswersOfThePage(t *testing.T) {
	w := ours(t)
	for name, c := range map[string]struct {
		link   string
		fields map[string]string
		asks   string
		code   int
		starts bool
		allows bool
	}{
		"start and remember":             {localLink(w.URL), map[string]string{"answer": "start", "remember": "yes"}, w.URL + " wants", 0, true, true},
		"cancel":                         {localLink(w.URL), map[string]string{"answer": "cancel", "remember": "yes"}, w.URL + " wants", 1, false, false},
		"no answer in the form":          {localLink(w.URL), nil, w.URL + " wants", 1, false, false},
		"a link that names no site":      {localLink(""), start, "A website that the launcher does not know wants", 0, true, false},
		"a site that says nothing of it": {localLink(newWebsite(t).URL), start, "A website that the launcher does not know wants", 0, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, out := signInBench(t)
			b.browse = func(page string) {
				br := newBrowser(t, page)
				br.open()
				br.says(c.asks)
				br.answer(c.fields)
			}
			if code := b.run("run", c.link); code != c.code {
				t.Errorf("status %d, want %d: %s", code, c.code, &b.stderr)
			}
			b.reap()
			if _, err := os.Stat(out); (err == nil) != c.starts {
				t.Errorf("the client's arguments: %v; want them: %t", err, c.starts)
			}
			b.run("list")
			if got := strings.Contains(b.stdout.String(), "allowed   127.0.0.1"); got != c.allows {
				t.Errorf("allowed %t, want %t", got, c.allows)
			}
		})
	}
}

// A site that was signed in to need not ask, and nobody else can claim to be it.
func TestASiteThatWasSignedInToIsTrusted(t *testing.T) {
	b, out := signInBench(t)
	w := ours(t)
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	clientArgs(t, out)
	_ = os.Remove(out)
	if code := b.run("run", localLink(w.URL)); code != 0 {
		t.Errorf("its own link: status %d, %s", code, &b.stderr)
	}
	clientArgs(t, out)
	_ = os.Remove(out)

	other := strings.Replace(localLink(w.URL), "127.0.0.1&port", "127.0.0.2&port", 1)
	pages := 0
	b.browse = func(page string) {
		pages++
		br := newBrowser(t, page)
		br.open()
		br.says("this is not its game", "the game was not started")
		if strings.Contains(br.body, "<form") {
			t.Error("a link that the site does not know can be started")
		}
	}
	if code := b.run("run", other); code != 1 || !strings.Contains(b.stderr.String(), "not its game") {
		t.Errorf("another server in its name: status %d, %s", code, &b.stderr)
	}
	if code := b.run("run", strings.Replace(localLink(w.URL), "29000", "29001", 1)); code != 1 {
		t.Errorf("another port in its name: status %d", code)
	}
	if pages != 2 {
		t.Errorf("%d pages, want 2", pages)
	}

	if code := b.run("logout"); code != 0 {
		t.Fatal(&b.stderr)
	}
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says(w.URL + " wants to start")
		br.answer(map[string]string{"answer": "cancel"})
	}
	if code := b.run("run", localLink(w.URL)); code != 1 {
		t.Error("it is trusted after logout")
	}
	b.reap()
	if _, err := os.Stat(out); err == nil {
		t.Error("the client was started")
	}
}

// Nothing but the form of the page that the player's browser opened starts the
// game.
func TestThePageIsGuarded(t *testing.T) {
	b, out := signInBench(t)
	w := ours(t)
	b.browse = func(page string) {
		br := newBrowser(t, page)
		u, err := url.Parse(page)
		if err != nil {
			t.Error(err)
		}
		if u.Hostname() != "127.0.0.1" || len(u.Path) < 20 {
			t.Errorf("the page is at %s", page)
		}
		refused := func(name string, status int, req *http.Request) {
			t.Helper()
			br.do(req)
			if br.status != status || strings.Contains(br.body, "<form") {
				t.Errorf("%s: status %d, want %d: %s", name, br.status, status, br.body)
			}
		}
		blind := url.Values{"step": {"0"}, "answer": {"start"}}
		rebound := br.request(http.MethodGet, nil)
		rebound.Host = "evil.example:" + u.Port()
		refused("a name that was pointed here", http.StatusMisdirectedRequest, rebound)
		named := br.request(http.MethodGet, nil)
		named.Host = "localhost:" + u.Port()
		refused("localhost", http.StatusMisdirectedRequest, named)
		guessed := br.request(http.MethodPost, blind)
		guessed.URL.Path = "/guess"
		refused("a guessed address", http.StatusNotFound, guessed)
		refused("an answer before the page was read", http.StatusForbidden, br.request(http.MethodPost, blind))
		refused("another method", http.StatusMethodNotAllowed, br.request(http.MethodDelete, nil))

		br.open()
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := br.header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		csp := br.header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("the policy lacks %s: %s", want, csp)
			}
		}
		if strings.Contains(csp, "script") || strings.Contains(csp, "unsafe") || strings.Contains(br.body, "<script") {
			t.Errorf("scripts: %s", csp)
		}
		if c := br.header.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") {
			t.Errorf("the cookie: %s", c)
		}
		whole := br.form(start)

		for _, origin := range []string{"", "null", "https://evil.example", "http://127.0.0.1:1", "http://localhost:" + u.Port()} {
			foreign := br.request(http.MethodPost, whole)
			foreign.Header.Set("Origin", origin)
			if origin == "" {
				foreign.Header.Del("Origin")
			}
			refused("the origin "+origin, http.StatusForbidden, foreign)
		}
		second := newBrowser(t, page)
		second.open()
		if second.status != http.StatusForbidden {
			t.Errorf("a second browser: status %d", second.status)
		}
		second.do(second.request(http.MethodPost, whole))
		if second.status != http.StatusForbidden {
			t.Errorf("an answer of a second browser: status %d", second.status)
		}
		refused("a long answer", http.StatusBadRequest, br.request(http.MethodPost, url.Values{"x": {strings.Repeat("x", 20<<10)}}))
		br.do(br.request(http.MethodPost, url.Values{"step": {"7"}, "answer": {"start"}}))
		br.says("wants to start") // the answer to another page counts for nothing
		if _, err := os.Stat(out); err == nil {
			t.Error("the client was started")
		}
		br.open() // again, in the same browser
		br.says("wants to start")
		br.answer(map[string]string{"answer": "cancel"})
		br.says("was not started")
	}
	if code := b.run("run", localLink(w.URL)); code != 1 {
		t.Errorf("status %d", code)
	}
	b.reap()
	if _, err := os.Stat(out); err == nil {
		t.Error("the client was started")
	}
}

// A page that nobody opens ends by itself, and the game is not started.
func TestAPageEndsByItself(t *testing.T) {
	b, out := signInBench(t)
	var address string
	b.pageLife = time.Millisecond
	b.browse = func(page string) { address = page }
	if code := b.run("run", localLink("")); code != 1 || !strings.Contains(b.stderr.String(), "nobody answered") {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
	resp, err := http.Get(address) //nolint:noctx // it must fail at once
	if err == nil {
		resp.Body.Close()
		t.Errorf("the page is still there: %s", resp.Status)
	}
	b.reap()
	if _, err := os.Stat(out); err == nil {
		t.Error("the client was started")
	}
}

// What goes wrong is a page and a line of the log, whatever it is.
func TestWhatGoesWrongIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		args     []string
		settings string
		says     string
	}{
		"a broken link":        {[]string{"run", strings.Replace(good, "alice_01", "alice%20x", 1)}, "", "The link&#39;s user must be"},
		"a link in pieces":     {[]string{"run", "waystone://play?x", "_server"}, "", "The link is not one that the launcher understands."},
		"another link":         {[]string{"waystone://exec"}, "", "The link must begin with"},
		"broken settings":      {[]string{"run", localLink("")}, "clint = x\n", "unknown key"},
		"a sign-in that is no": {[]string{"play"}, "", "You are not signed in"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			if c.settings != "" {
				if err := os.WriteFile(filepath.Join(b.dir, "launcher.conf"), []byte(c.settings), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			pages := 0
			b.browse = func(page string) {
				pages++
				br := newBrowser(t, page)
				br.open()
				br.says("The game could not be started", c.says, b.log())
			}
			if code := b.run(c.args...); code == 0 {
				t.Error("status 0")
			}
			if pages != 1 || !strings.Contains(b.logged(), "level=ERROR") {
				t.Errorf("%d pages; the log: %s", pages, b.logged())
			}
			b.ask = true
			if b.run(c.args...); pages != 1 {
				t.Error("a page is shown beside a terminal")
			}
		})
	}
}

// program makes a stand-in for the game in a folder.
func program(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	content := "#!/bin/sh\n"
	if filepath.Ext(file) == ".exe" {
		content = "MZ"
	}
	if err := os.WriteFile(file, []byte(content), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return file
}

// A double click is all that it takes: links open the launcher, and the game is
// asked for and checked on a page.
func TestSetUpWithoutATerminal(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the stand-in for Wine is a program as on Linux")
	}
	b := newBench(t)
	bin := t.TempDir()
	t.Setenv("PATH", bin) // no xdg-mime, no Wine
	t.Setenv("HOME", b.dir)
	game := filepath.Join(b.dir, "the game")
	exe := program(t, game, "bin", "TRose.exe")
	program(t, game, "bin", "setup.exe")
	empty := t.TempDir()
	plain := filepath.Join(empty, "notes.txt")
	fake := filepath.Join(empty, "client.exe")
	for _, f := range []string{plain, fake} {
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	use := func(br *browser, folder string) {
		t.Helper()
		br.answer(map[string]string{"answer": "use", "folder": folder})
	}
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says("Where is the game?")
		for folder, says := range map[string]string{
			"":                         "The folder is missing.",
			"games":                    "is not a full path",
			filepath.Join(empty, "no"): "There is no ",
			empty:                      "No game was found in",
			plain:                      "is not a program",
			fake:                       "is not a program for Windows",
		} {
			use(br, folder)
			br.says(says, "Where is the game?")
		}
		use(br, game)
		br.says("Wine, which runs such programs here, is not installed")
		program(t, bin, "wine")
		use(br, `"`+game+`" `) // as a file manager copies it
		br.says("You can press Play on the website now")
	}
	if code := b.run(); code != 0 {
		t.Fatalf("status %d, %s", code, &b.stderr)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "share", "applications", "waystone-launcher.desktop")); err != nil {
		t.Errorf("links do not open the launcher: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(b.dir, "launcher.conf"))
	if err != nil || !strings.Contains(string(data), "client = "+exe+"\nrunner = wine\n") {
		t.Errorf("the settings: %s, %v", data, err)
	}
	b.browse = func(page string) {
		newBrowser(t, page).open()
	}
	if code := b.run(); code != 0 {
		t.Errorf("again: status %d, %s", code, &b.stderr)
	}
	b.browse = nil
	if code := b.run(); code != 0 || !strings.Contains(b.stdout.String(), "You can press Play") {
		t.Errorf("without a browser: status %d, %s", code, &b.stdout)
	}
}

// One of several games is chosen by a click; those near the launcher's usual
// places are offered.
func TestChoosesAmongGames(t *testing.T) {
	b := newBench(t)
	t.Setenv("PATH", "")
	t.Setenv("HOME", b.dir)
	one := program(t, b.dir, "Games", "one", "rose-offline-client")
	two := program(t, b.dir, "Games", "two", "rose-offline-client")
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says(one, two, "choose one that was found")
		br.answer(map[string]string{"answer": "use", "folder": filepath.Join(b.dir, "Games")})
		br.says("more than one program", one, two)
		br.answer(map[string]string{"answer": "use", "program": two})
		br.says("The launcher is ready")
	}
	if code := b.run("setup"); code != 0 {
		t.Fatalf("status %d, %s", code, &b.stderr)
	}
	b.run("list")
	if !strings.Contains(b.stdout.String(), "client    "+two) {
		t.Errorf("the settings: %s", &b.stdout)
	}
}

// A game that is not there, or does not start, is asked for on the page that
// says so.
func TestAMissingGameIsAskedFor(t *testing.T) {
	b := newBench(t)
	t.Setenv("PATH", "")
	t.Setenv("HOME", b.dir)
	game := program(t, b.dir, "game")
	b.run("allow", "127.0.0.1")
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says("Where is the game?", "No game client is set.")
		br.answer(map[string]string{"answer": "use", "folder": game})
		br.says("You can press Play on the website now")
	}
	if code := b.run("run", localLink("")); code != 1 {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
	if err := os.Remove(game); err != nil {
		t.Fatal(err)
	}
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says("The game client " + game + " is not there.")
		br.answer(map[string]string{"answer": "cancel"})
		br.says("The game is not set up")
	}
	if code := b.run("run", localLink("")); code != 1 {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
	if err := os.WriteFile(game, []byte("no program"), 0o700); err != nil { //nolint:gosec // as a program has it
		t.Fatal(err)
	}
	b.browse = func(page string) {
		br := newBrowser(t, page)
		br.open()
		br.says("cannot be started")
		br.answer(map[string]string{"answer": "cancel"})
	}
	if code := b.run("run", localLink("")); code != 1 {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
}

// The log keeps two files, neither much larger than the limit, and a log that
// cannot be kept keeps nobody from playing.
func TestTheLogIsBounded(t *testing.T) {
	b := newBench(t)
	if err := os.WriteFile(b.log(), []byte(strings.Repeat("x", 256<<10)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.run("list")
	}
	old, err := os.Stat(b.log() + ".1")
	if err != nil || old.Size() != 256<<10 {
		t.Errorf("the older file: %v, %v", old, err)
	}
	if n := strings.Count(b.logged(), "msg=started"); n != 2 {
		t.Errorf("%d runs in the log, want 2", n)
	}
	if err := os.Remove(b.log()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.log(), 0o700); err != nil {
		t.Fatal(err)
	}
	if code := b.run("list"); code != 0 || !strings.Contains(b.stderr.String(), "the log cannot be written") {
		t.Errorf("no log: status %d, %s", code, &b.stderr)
	}
}

func TestMacCommands(t *testing.T) {
	const app = "/Users/a/Applications/Waystone Launcher.app"
	got := launcher.MacCommands(`/Users/a/b "c\d/waystone-launcher`, app)
	if d := cmp.Diff([]string{
		"/usr/bin/osacompile", "-o", app,
		"-e", "on open location theLink",
		"-e", `do shell script quoted form of "/Users/a/b \"c\\d/waystone-launcher" & " run " & quoted form of theLink & " </dev/null >/dev/null 2>&1 &"`,
		"-e", "end open location",
		"-e", "on run",
		"-e", `do shell script quoted form of "/Users/a/b \"c\\d/waystone-launcher" & " setup" & " </dev/null >/dev/null 2>&1 &"`,
		"-e", "end run",
	}, got[0]); d != "" {
		t.Errorf("the application (-want +got):\n%s", d)
	}
	names := map[string]bool{}
	for _, args := range got {
		names[filepath.Base(args[0])] = true
	}
	want := []string{"codesign", "lsregister", "osacompile", "plutil"}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(names))); d != "" {
		t.Errorf("commands (-want +got):\n%s", d)
	}
}
