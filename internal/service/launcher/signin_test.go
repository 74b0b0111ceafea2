package launcher_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/service/launcher"
)

const (
	token   = "SessionTokenOf32Characters000001"
	secret  = "DeviceCodeOf40Characters0000000000000001"
	codeURL = "/api/auth/device/code"
	askURL  = "/api/auth/device/token"
	playURL = "/api/play"
	outURL  = "/api/auth/sign-out"
)

// reply is one answer of the website.
type reply struct {
	status int // 0 is 200
	kind   string
	body   string
	header map[string]string
}

// website plays the site: for each path, a list of answers of which the last
// one is repeated.
type website struct {
	*httptest.Server
	mu      sync.Mutex
	replies map[string][]reply
	asked   []string // path, and what was sent: token, then JSON
}

func newWebsite(t *testing.T) *website {
	t.Helper()
	w := &website{}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	w.replies = map[string][]reply{
		codeURL: {{body: w.code("")}},
		askURL:  {{body: `{"access_token":"` + token + `","token_type":"Bearer","expires_in":604800,"scope":""}`}},
		playURL: {{body: `{"link":"` + strings.Replace(good, "play.example.org", "127.0.0.1", 1) + `"}`}},
		outURL:  {{body: `{"success":true}`}},
	}
	return w
}

// code is the answer that begins a sign-in, with fields changed.
func (w *website) code(changed string) string {
	m := map[string]any{
		"device_code": secret, "user_code": "ABCD2345",
		"verification_uri":          w.URL + "/device",
		"verification_uri_complete": w.URL + "/device?user_code=ABCD2345",
		"expires_in":                600, "interval": 5,
	}
	if changed != "" {
		if err := json.Unmarshal([]byte(changed), &m); err != nil {
			panic(err)
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (w *website) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	w.asked = append(w.asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
	list := w.replies[r.URL.Path]
	if len(list) == 0 {
		http.NotFound(rw, r)
		return
	}
	a := list[0]
	if len(list) > 1 {
		w.replies[r.URL.Path] = list[1:]
	}
	if a.kind == "" {
		a.kind = "application/json; charset=utf-8"
	}
	rw.Header().Set("Content-Type", a.kind)
	for k, v := range a.header {
		rw.Header().Set(k, v)
	}
	if a.status != 0 {
		rw.WriteHeader(a.status)
	}
	_, _ = io.WriteString(rw, a.body)
}

func (w *website) set(path string, replies ...reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies[path] = replies
}

func (w *website) count(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, a := range w.asked {
		if strings.Contains(a, " "+path+" ") {
			n++
		}
	}
	return n
}

func refused(code string) reply {
	return reply{status: 400, body: `{"error":"` + code + `","error_description":"Some words"}`}
}

// signInBench has a client that writes its arguments to the path it returns,
// and no browser.
func signInBench(t *testing.T) (*bench, string) {
	t.Helper()
	b := newBench(t)
	t.Setenv("PATH", t.TempDir())
	out := filepath.Join(b.dir, "args.json")
	t.Setenv("WAYSTONE_FAKE_CLIENT_OUT", out)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if code := b.run("client", exe); code != 0 {
		t.Fatalf("client: %s", &b.stderr)
	}
	return b, out
}

// silent fails when something secret was printed.
func (b *bench) silent(t *testing.T) {
	t.Helper()
	said := b.stdout.String() + b.stderr.String()
	for _, s := range []string{token, secret, ticket} {
		if strings.Contains(said, s) {
			t.Errorf("a secret was printed:\n%s", said)
		}
	}
}

func (b *bench) session() string { return filepath.Join(b.dir, "launcher.session") }

func TestLogInThenPlayThenLogOut(t *testing.T) {
	b, out := signInBench(t)
	w := newWebsite(t)
	w.set(askURL, refused("authorization_pending"), refused("slow_down"), refused("authorization_pending"),
		w.replies[askURL][0])
	if code := b.run("login", w.URL+"/"); code != 0 {
		t.Fatalf("login: status %d, %s", code, &b.stderr)
	}
	b.silent(t)
	for _, want := range []string{"ABCD2345", w.URL + "/device", "started the game client"} {
		if !strings.Contains(b.stdout.String(), want) {
			t.Errorf("login does not say %q:\n%s", want, &b.stdout)
		}
	}
	want := []string{"_server", "127.0.0.1", "_port", "29000", "_direct", "_userid", "alice_01", "_pw", ticket}
	if d := cmp.Diff(want, clientArgs(t, out)); d != "" {
		t.Errorf("arguments (-want +got):\n%s", d)
	}
	const sec = time.Second
	if d := cmp.Diff([]time.Duration{5 * sec, 5 * sec, 10 * sec, 10 * sec}, b.waits); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{
		`POST /api/auth/device/code  {"client_id":"waystone-launcher"}`,
		`POST /api/auth/device/token  {"client_id":"waystone-launcher","device_code":"` + secret + `","grant_type":"urn:ietf:params:oauth:grant-type:device_code"}`,
		`POST /api/play Bearer ` + token + ` {}`,
	}, slices.Compact(w.asked)); d != "" {
		t.Errorf("questions (-want +got):\n%s", d)
	}
	st, err := os.Stat(b.session())
	if err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("the session's file: %v, %v", st, err)
	}

	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	if code := b.run("play"); code != 0 {
		t.Fatalf("play: status %d, %s", code, &b.stderr)
	}
	b.silent(t)
	if d := cmp.Diff(want, clientArgs(t, out)); d != "" {
		t.Errorf("arguments (-want +got):\n%s", d)
	}
	if w.count(codeURL) != 1 || w.count(playURL) != 2 {
		t.Errorf("play signed in anew: %q", w.asked)
	}

	if code := b.run("logout"); code != 0 {
		t.Fatalf("logout: status %d, %s", code, &b.stderr)
	}
	if last := w.asked[len(w.asked)-1]; last != "POST /api/auth/sign-out Bearer "+token+" {}" {
		t.Errorf("logout asked %q", last)
	}
	if _, err := os.Stat(b.session()); !os.IsNotExist(err) {
		t.Errorf("the session's file is still there: %v", err)
	}
	if code := b.run("play"); code != 1 || !strings.Contains(b.stderr.String(), "waystone-launcher login "+w.URL+"`") {
		t.Errorf("play after logout: status %d, %s", code, &b.stderr)
	}
	if code := b.run("logout"); code != 0 || !strings.Contains(b.stdout.String(), "not signed in") {
		t.Errorf("logout again: status %d, %s", code, &b.stdout)
	}
	if code := b.run("login"); code != 0 || w.count(codeURL) != 2 {
		t.Errorf("login at the site of the last time: status %d, %s", code, &b.stderr)
	}
}

// A browser is opened at the page with the code filled in.
func TestOpensTheBrowser(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the stand-in for the browser is a shell script named as on Linux")
	}
	b, _ := signInBench(t)
	b.systemBrowser = true
	w := newWebsite(t)
	shown := filepath.Join(b.dir, "shown")
	script := "#!/bin/sh\necho \"$1\" > " + shown + ".part && /bin/mv " + shown + ".part " + shown + "\n"
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	b.reap()
	got, err := os.ReadFile(shown)
	if want := w.URL + "/device?user_code=ABCD2345\n"; err != nil || string(got) != want {
		t.Errorf("the browser was opened at %q, %v; want %q", got, err, want)
	}
}

func TestBrowserCommand(t *testing.T) {
	const page = "https://site.example/device?user_code=A&x=1"
	for goos, want := range map[string][]string{
		"linux":   {"xdg-open", page},
		"freebsd": {"xdg-open", page},
		"darwin":  {"open", page},
		"windows": {"rundll32", "url.dll,FileProtocolHandler", page},
	} {
		if d := cmp.Diff(want, launcher.BrowserCommand(goos, page).Args); d != "" {
			t.Errorf("%s (-want +got):\n%s", goos, d)
		}
	}
}

func TestLogInFails(t *testing.T) {
	elsewhere := newWebsite(t)
	huge := `{"access_token":"` + token + `","x":"` + strings.Repeat("x", 64<<10) + `"}`
	html := reply{kind: "text/html", body: "<h1>Hello</h1>"}
	moved := func(status int, to string) reply {
		return reply{status: status, header: map[string]string{"Location": to}}
	}
	for name, c := range map[string]struct {
		path    string
		replies []reply
		says    string
		times   int // that path is asked
	}{
		"no such sign-in":          {codeURL, nil, "press Play on its pages", 1},
		"another client only":      {codeURL, []reply{refused("invalid_client")}, "but not waystone-launcher", 1},
		"too many sign-ins":        {codeURL, []reply{{status: 429, body: `{"message":"Too many\u001b[2J requests."}`}}, "the site says: Too many[2J requests. (status 429)", 1},
		"a page of something else": {codeURL, []reply{html}, "other than JSON", 1},
		"no content type":          {codeURL, []reply{{kind: ";", body: "{}"}}, "other than JSON", 1},
		"garbage":                  {codeURL, []reply{{body: "{]"}}, "does not understand", 1},
		"nothing inside":           {codeURL, []reply{{body: "null"}}, "does not understand", 1},
		"a huge answer":            {codeURL, []reply{{body: huge}}, "longer than 64 KiB", 1},
		"a huge refusal":           {codeURL, []reply{{status: 500, body: huge}}, "longer than 64 KiB", 1},
		"moved to another host":    {codeURL, []reply{moved(307, elsewhere.URL+codeURL)}, elsewhere.URL + ", which is not followed", 1},
		"moved to a form":          {codeURL, []reply{moved(302, "/sign-in")}, "without an answer", 1},
		"moved in a circle":        {codeURL, []reply{moved(308, codeURL)}, "without an answer", 4},
		"a code with escapes":      {codeURL, []reply{{body: `CODE {"user_code":"\u001b[2J"}`}}, "does not understand", 1},
		"a code without life":      {codeURL, []reply{{body: `CODE {"expires_in":0}`}}, "does not understand", 1},
		"approval elsewhere":       {codeURL, []reply{{body: `CODE {"verification_uri_complete":"` + elsewhere.URL + `/device?user_code=X"}`}}, "approve at " + elsewhere.URL + ", which is another address", 1},
		"approval with a name":     {codeURL, []reply{{body: `CODE {"verification_uri":"http://a@127.0.0.1/device"}`}}, "another address", 1},
		"approval by a program":    {codeURL, []reply{{body: `CODE {"verification_uri":"file:///bin/sh"}`}}, "does not understand", 1},
		"approval with a space":    {codeURL, []reply{{body: `CODE {"verification_uri_complete":"http://127.0.0.1/?a b"}`}}, "does not understand", 1},

		"denied":                 {askURL, []reply{refused("authorization_pending"), refused("access_denied")}, "refused on the website", 2},
		"expired at the site":    {askURL, []reply{refused("expired_token")}, "expired", 1},
		"never answered":         {askURL, []reply{refused("authorization_pending")}, "expired", 120},
		"used twice":             {askURL, []reply{refused("invalid_grant")}, "does not know this code", 1},
		"an unknown refusal":     {askURL, []reply{refused("weather")}, "the site says: Some words", 1},
		"broken for long":        {askURL, []reply{{status: 503, kind: "text/plain", body: "x"}}, "status 503", 5},
		"a page while waiting":   {askURL, []reply{html}, "other than JSON", 1},
		"huge while waiting":     {askURL, []reply{{body: huge}}, "longer than 64 KiB", 1},
		"moved while waiting":    {askURL, []reply{moved(307, elsewhere.URL+askURL)}, "not followed", 1},
		"no token":               {askURL, []reply{{body: `{"token_type":"Bearer"}`}}, "does not understand", 1},
		"a token with a newline": {askURL, []reply{{body: `{"token_type":"Bearer","access_token":"` + token + `\nX: y"}`}}, "does not understand", 1},
		"another kind of token":  {askURL, []reply{{body: `{"token_type":"mac","access_token":"` + token + `"}`}}, "does not understand", 1},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := signInBench(t)
			w := newWebsite(t)
			for i, r := range c.replies {
				if changed, ok := strings.CutPrefix(r.body, "CODE "); ok {
					c.replies[i].body = w.code(changed)
				}
			}
			w.set(c.path, c.replies...)
			if code := b.run("login", w.URL); code != 1 || !strings.Contains(b.stderr.String(), c.says) {
				t.Errorf("status %d, %q does not say %q", code, &b.stderr, c.says)
			}
			b.silent(t)
			if strings.ContainsRune(b.stdout.String()+b.stderr.String(), '\x1b') {
				t.Error("the site's escapes reach the terminal")
			}
			if n := w.count(c.path); n != c.times {
				t.Errorf("asked %d times, want %d", n, c.times)
			}
			if _, err := os.Stat(b.session()); !os.IsNotExist(err) {
				t.Errorf("a session was kept: %v", err)
			}
			if len(elsewhere.asked) != 0 {
				t.Errorf("another host was asked: %q", elsewhere.asked)
			}
		})
	}
}

// TestApprovalKeepsTheScheme: a page of the same host without the site's TLS, or
// with TLS that the site has not, is another address.
func TestApprovalKeepsTheScheme(t *testing.T) {
	b, _ := signInBench(t)
	w := newWebsite(t)
	page := strings.Replace(w.URL, "http:", "https:", 1)
	w.set(codeURL, reply{body: w.code(`{"verification_uri_complete":"` + page + `/device?user_code=ABCD2345"}`)})
	if code := b.run("login", w.URL); code != 1 || !strings.Contains(b.stderr.String(), "approve at "+page+", which is another address") {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
	if n := w.count(askURL); n != 0 {
		t.Errorf("the site was asked %d times all the same", n)
	}
}

// A session that the site has ended before needs no end.
func TestLogOutOfASessionThatHasEnded(t *testing.T) {
	b, _ := signInBench(t)
	w := newWebsite(t)
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	w.set(outURL, reply{status: http.StatusUnauthorized, body: `{"message":"Unauthorized"}`})
	if code := b.run("logout"); code != 0 || !strings.Contains(b.stdout.String(), "Signed out at "+w.URL) {
		t.Errorf("logout: status %d, %s", code, &b.stderr)
	}
	if _, err := os.Stat(b.session()); !os.IsNotExist(err) {
		t.Errorf("the session's file is still there: %v", err)
	}
}

// Trouble that passes does not end a sign-in, and slows the questions.
func TestLogInOutlivesTrouble(t *testing.T) {
	b, out := signInBench(t)
	w := newWebsite(t)
	w.set(codeURL, reply{body: w.code(`{"interval":0}`)})
	w.set(askURL, reply{status: 502, kind: "text/html", body: "<h1>Bad gateway</h1>"},
		reply{status: 429, body: `{"message":"Too many requests."}`}, w.replies[askURL][0])
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	clientArgs(t, out)
	const sec = time.Second
	if d := cmp.Diff([]time.Duration{5 * sec, 10 * sec, 15 * sec}, b.waits); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

// Five troubles end a sign-in only when they follow one another.
func TestTroublesAreCountedInARow(t *testing.T) {
	b, out := signInBench(t)
	w := newWebsite(t)
	four := slices.Repeat([]reply{{status: 503}}, 4)
	w.set(askURL, slices.Concat(four, []reply{refused("authorization_pending")}, four, w.replies[askURL])...)
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	clientArgs(t, out)
}

// The same question goes to another address of the same site.
func TestFollowsTheSiteWithinItself(t *testing.T) {
	b, out := signInBench(t)
	w := newWebsite(t)
	w.set(playURL+"/", w.replies[playURL]...)
	w.set(playURL, reply{status: 308, header: map[string]string{"Location": playURL + "/"}})
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	clientArgs(t, out)
	if last := w.asked[len(w.asked)-1]; last != "POST "+playURL+"/ Bearer "+token+" {}" {
		t.Errorf("asked %q", last)
	}
}

func TestPlayFails(t *testing.T) {
	b, _ := signInBench(t)
	w := newWebsite(t)
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	link := func(l string) reply { return reply{body: fmt.Sprintf(`{"link":%q}`, l)} }
	for name, c := range map[string]struct {
		reply reply
		says  string
	}{
		"signed out":    {reply{status: 401, body: `{"error":"signed_out"}`}, "waystone-launcher login " + w.URL + "`"},
		"banned":        {reply{status: 403, body: `{"error":"banned","message":"This account is banned."}`}, "the site says: This account is banned. (status 403)"},
		"the game down": {reply{status: 503, body: `{"error":"unreachable","message":"The game is down."}`}, "The game is down."},
		"no such thing": {reply{status: 404}, "there is no /api/play"},
		"echo":          {reply{status: 400, body: `{"message":"bad token ` + token + `"}`}, "status 400 and no reason"},
		"a page":        {reply{kind: "text/html", body: "<p>"}, "other than JSON"},
		"no link":       {reply{body: `{}`}, "the link must begin with"},
		"a bad link":    {link(strings.Replace(good, "alice_01", "alice _pw x", 1)), "user"},
	} {
		w.set(playURL, c.reply)
		if code := b.run("play"); code != 1 || !strings.Contains(b.stderr.String(), c.says) {
			t.Errorf("%s: status %d, %q does not say %q", name, code, &b.stderr, c.says)
		}
		b.silent(t)
	}
	w.Close()
	if code := b.run("play"); code != 1 || !strings.Contains(b.stderr.String(), "reach "+w.URL+":") {
		t.Errorf("no site: status %d, %s", code, &b.stderr)
	}
	if code := b.run("logout"); code != 1 || !strings.Contains(b.stderr.String(), "still open at the site") {
		t.Errorf("logout without a site: status %d, %s", code, &b.stderr)
	}
	if _, err := os.Stat(b.session()); !os.IsNotExist(err) {
		t.Errorf("logout without a site keeps the session here: %v", err)
	}
}

// A second sign-in ends the first one's session, at the site where that was.
func TestLogInAgainEndsTheEarlierSession(t *testing.T) {
	b, _ := signInBench(t)
	first, second := newWebsite(t), newWebsite(t)
	const other = "SessionTokenOf32Characters000002"
	second.set(askURL, reply{body: `{"access_token":"` + other + `","token_type":"bearer"}`})
	for _, w := range []*website{first, second} {
		if code := b.run("login", w.URL); code != 0 {
			t.Fatalf("login: %s", &b.stderr)
		}
	}
	if last := first.asked[len(first.asked)-1]; last != "POST /api/auth/sign-out Bearer "+token+" {}" {
		t.Errorf("the first site was asked %q last", last)
	}
	if second.count(outURL) != 0 {
		t.Errorf("the second site was asked to sign out: %q", second.asked)
	}
	data, err := os.ReadFile(b.session())
	if err != nil || !strings.Contains(string(data), other) {
		t.Errorf("the kept session: %v", err)
	}
}

func TestSessionFileIsGuarded(t *testing.T) {
	b, _ := signInBench(t)
	w := newWebsite(t)
	if code := b.run("login", w.URL); code != 0 {
		t.Fatalf("login: %s", &b.stderr)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(b.session(), 0o640); err != nil {
			t.Fatal(err)
		}
		if code := b.run("play"); code != 1 || !strings.Contains(b.stderr.String(), "other users of this PC may read") {
			t.Errorf("a readable session: status %d, %s", code, &b.stderr)
		}
		if err := os.Chmod(b.session(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ content, says string }{
		"garbage":        {"x", "is damaged"},
		"no token":       {`{"site":"` + w.URL + `"}`, "is damaged"},
		"without TLS":    {`{"site":"http://site.example","token":"` + token + `"}`, "unencrypted"},
		"without a site": {`{"token":"` + token + `"}`, "https://site.example"},
	} {
		if err := os.WriteFile(b.session(), []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if code := b.run("play"); code != 1 || !strings.Contains(b.stderr.String(), c.says) {
			t.Errorf("%s: status %d, %q does not say %q", name, code, &b.stderr, c.says)
		}
		b.silent(t)
	}
	if n := w.count(playURL); n != 1 {
		t.Errorf("the site was asked %d times with a session in doubt", n-1)
	}
}

func TestLogInNeedsAClientFirst(t *testing.T) {
	b := newBench(t)
	w := newWebsite(t)
	if code := b.run("login", w.URL); code != 1 || !strings.Contains(b.stderr.String(), "waystone-launcher client PATH") {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
	if code := b.run("login"); code != 1 || !strings.Contains(b.stderr.String(), "no site is known") {
		t.Errorf("no site: status %d, %s", code, &b.stderr)
	}
	if len(w.asked) != 0 {
		t.Errorf("the site was asked %q", w.asked)
	}
}

// An unknown certificate is not accepted.
func TestTLSIsChecked(t *testing.T) {
	b, _ := signInBench(t)
	w := newWebsite(t)
	tls := httptest.NewUnstartedServer(w)
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	tls.StartTLS()
	t.Cleanup(tls.Close)
	if code := b.run("login", tls.URL); code != 1 || !strings.Contains(b.stderr.String(), "certificate") {
		t.Errorf("status %d, %s", code, &b.stderr)
	}
	if len(w.asked) != 0 {
		t.Errorf("the site was asked %q", w.asked)
	}
}

func TestCheckSite(t *testing.T) {
	for in, want := range map[string]string{
		"https://site.example":       "https://site.example",
		"https://Site.Example:8443/": "https://site.example:8443",
		"https://site.example/game/": "https://site.example/game",
		"http://localhost:3000":      "http://localhost:3000",
		"http://127.8.0.1":           "http://127.8.0.1",
		"http://[::1]:3000/":         "http://[::1]:3000",
	} {
		if got, err := launcher.CheckSite(in); err != nil || got != want {
			t.Errorf("CheckSite(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, says := range map[string]string{
		"":                             "https://site.example",
		"site.example":                 "https://site.example",
		"localhost:3000":               "https://site.example",
		"https://":                     "https://site.example",
		"ftp://site.example":           "https://site.example",
		"https://site.example:x":       "https://site.example",
		"https://a:b@site.example":     "without a name",
		"https://site.example?x=1":     "without a name",
		"https://site.example/?":       "without a name",
		"https://site.example/#a":      "without a name",
		"https://site.example/#":       "without a name",
		"http://site.example":          "use https://site.example",
		"http://10.0.0.1:3000":         "use https://10.0.0.1:3000",
		"http://localhost.evil.com":    "use https://",
		"http://127.0.0.1.evil.com":    "use https://",
		"https://site.example\nX: y":   "https://site.example",
		"waystone://play?ticket=x&v=1": "https://site.example",
	} {
		if got, err := launcher.CheckSite(in); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("CheckSite(%q) = %q, %v; want an error that says %q", in, got, err, says)
		}
	}
}
