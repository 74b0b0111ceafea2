package launcher

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"time"
)

const (
	pageLife   = 10 * time.Minute // without a request, until a page ends by itself
	maxForm    = 16 << 10         // bytes of an answer to a page
	pageCookie = "waystone-launcher"
)

var (
	errNobodyAnswered = errors.New("nobody answered the launcher's page in the browser")
	errNoBrowser      = errors.New("no browser shows the launcher's page")
)

//go:embed page.html
var pageHTML string

// view is one page that the player sees.
type view struct {
	Title    string
	Failed   bool     // something went wrong
	Text     []string // paragraphs
	Programs []string // of which one can be chosen
	Folder   bool     // asks for a folder or a program
	Remember string   // label of a box to tick; empty for none
	Buttons  []button // what can be answered

	answer func(context.Context, url.Values) view // makes the next page; nil for the last one
	err    error                                  // the result of the last page
}

// button is one answer: the form's value of "answer", and the label.
type button struct{ Value, Label string }

// localPage shows one view after the other to one browser on this PC. Its address
// has a secret. The browser that opens it first gets a cookie, and only this
// browser is served, because other users of the PC can read the address in the list
// of processes.
type localPage struct {
	host    string // 127.0.0.1 and the port
	secret  string // path of the page
	cookie  string
	logPath string
	page    *template.Template
	touched chan struct{} // a request came; holds one
	done    chan struct{} // closed when the last view was sent

	mu     sync.Mutex
	opened bool
	ended  bool
	step   int // of the view that is shown; an answer to another one does not count
	view   view
}

// show opens the first view in the player's browser. It serves this view and the
// next ones until the last one was sent. It returns the result of the last view, or
// errNoBrowser, or errNobodyAnswered.
func (m *Launcher) show(ctx context.Context, first view) error {
	page, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("read the launcher's page: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("serve the launcher's page: %w", err)
	}
	p := &localPage{
		host: ln.Addr().String(), secret: rand.Text(), cookie: rand.Text(), logPath: m.logPath, page: page,
		touched: make(chan struct{}, 1), done: make(chan struct{}), view: first,
	}
	server := &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(m.logger().Handler(), slog.LevelWarn),
	}
	server.SetKeepAlivesEnabled(false) // the last answer is whole when its connection is closed
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			m.logger().Error("the page is not served any more", "error", err)
		}
	}()
	stop := func() {
		// Detached from ctx, so that the last page is still sent after ctx has
		// ended.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if server.Shutdown(end) != nil {
			_ = server.Close()
		}
		<-served
	}
	defer stop()

	failed := make(chan error, 1)
	m.open("http://"+p.host+"/"+p.secret, func(err error) {
		select {
		case failed <- err:
		default:
		}
	})
	patience := cmp.Or(m.PageLife, pageLife)
	life := time.NewTimer(patience)
	defer life.Stop()
	for {
		select {
		case <-p.done:
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.view.err
		case err := <-failed:
			p.mu.Lock()
			opened := p.opened
			p.mu.Unlock()
			if !opened {
				return errors.Join(errNoBrowser, err)
			}
		case <-p.touched:
			life.Reset(patience)
		case <-life.C:
			return errNobodyAnswered
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (m *Launcher) open(page string, failed func(error)) {
	if m.Open != nil {
		m.Open(page, failed)
		return
	}
	openBrowser(runtime.GOOS, page, failed)
}

func (p *localPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Another host name that resolves to 127.0.0.1 is refused (DNS rebinding).
	if r.Host != p.host {
		http.Error(w, "This address is not the launcher's.", http.StatusMisdirectedRequest)
		return
	}
	if subtle.ConstantTimeCompare([]byte(r.URL.Path), []byte("/"+p.secret)) != 1 {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "This page can be read and answered only.", http.StatusMethodNotAllowed)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		http.Error(w, "This page has ended.", http.StatusGone)
		return
	}
	known := p.knows(r)
	if r.Method == http.MethodGet && !p.opened {
		p.opened, known = true, true
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure needs TLS, which a page of this PC has not
			Name: pageCookie, Value: p.cookie, Path: "/" + p.secret, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
	if !known {
		http.Error(w, "This page is open in another browser already, or yours keeps no cookies.", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodPost && !p.takeAnswer(w, r) {
		return
	}
	p.write(w)
	select {
	case p.touched <- struct{}{}:
	default:
	}
	if p.view.answer == nil {
		p.ended = true
		close(p.done)
	}
}

// knows reports whether a request comes from the browser that opened the page.
func (p *localPage) knows(r *http.Request) bool {
	for _, c := range r.CookiesNamed(pageCookie) {
		if subtle.ConstantTimeCompare([]byte(c.Value), []byte(p.cookie)) == 1 {
			return true
		}
	}
	return false
}

// takeAnswer makes the next view from an answer, and returns whether there is one.
func (p *localPage) takeAnswer(w http.ResponseWriter, r *http.Request) bool {
	if r.Header.Get("Origin") != "http://"+p.host {
		http.Error(w, "This answer did not come from the launcher's page.", http.StatusForbidden)
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The answer could not be read.", http.StatusBadRequest)
		return false
	}
	// A form that was sent twice, or is old, gets the present view.
	if r.PostForm.Get("step") == strconv.Itoa(p.step) {
		p.step++
		p.view = p.view.answer(r.Context(), r.PostForm)
	}
	return true
}

// write sends the present view.
func (p *localPage) write(w http.ResponseWriter) {
	nonce := rand.Text()
	var b bytes.Buffer
	err := p.page.Execute(&b, struct {
		view
		Step         int
		Nonce, Log   string
		SelfPath     string
		NothingToAsk bool
	}{p.view, p.step, nonce, p.logPath, "/" + p.secret, p.view.answer == nil})
	if err != nil {
		http.Error(w, "The launcher's page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers hide the origin of the form
	h.Set("Cache-Control", "no-store")
	_, _ = io.Copy(w, &b)
}
