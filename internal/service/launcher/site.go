package launcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	answerTimeout = 15 * time.Second // one request to the site, with its answer
	maxAnswer     = 64 << 10         // bytes of an answer
	maxRedirects  = 3
)

// CheckSite reads the address of a website, http or https, and returns it without a
// slash at its end. Only a site on this PC may be without TLS.
func CheckSite(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return "", errors.New("the site's address must look like https://site.example")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(address, "#") {
		return "", errors.New("the site's address must be without a name, a question mark and a #, such as https://site.example")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return "", fmt.Errorf("http://%s would send your sign-in unencrypted; use https://%s", u.Host, u.Host)
	}
	u.Host = strings.ToLower(u.Host)
	return strings.TrimRight(u.String(), "/"), nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && a.IsLoopback()
}

// site asks the website.
type site struct {
	base   string // as CheckSite returns it
	agent  string
	client *http.Client
}

func newSite(base, version string) *site {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: answerTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxAnswer,
	}
	return &site{
		base:   base,
		agent:  "waystone-launcher/" + version,
		client: &http.Client{Transport: t, Timeout: answerTimeout, CheckRedirect: checkRedirect},
	}
}

// checkRedirect follows redirects only within the site, because the request has
// secrets. It does not follow a redirect that changes the request.
func checkRedirect(next *http.Request, past []*http.Request) error {
	first := past[0]
	if next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host {
		return &refusal{fmt.Sprintf("the site sends callers on to %s://%s, which is not followed; if that is the game's website, log in with this address", next.URL.Scheme, plain(next.URL.Host))}
	}
	if next.Method != first.Method || len(past) > maxRedirects {
		return &refusal{"the site sends callers from one address to another without an answer"}
	}
	return nil
}

// refusal is an answer for which another try is useless.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

// answerError is a refusal in the site's own words.
type answerError struct {
	status  int    // of HTTP, never 200
	code    string // such as slow_down; empty when there is none
	message string // a sentence; empty when there is none
}

func (e *answerError) Error() string {
	if e.message != "" {
		return fmt.Sprintf("the site says: %s (status %d)", e.message, e.status)
	}
	return fmt.Sprintf("the site answered with status %d and no reason", e.status)
}

// temporary reports whether the same question may get a better answer later.
func temporary(err error) bool {
	if e, ok := errors.AsType[*answerError](err); ok {
		return e.status >= 500 || e.status == http.StatusTooManyRequests
	}
	_, final := errors.AsType[*refusal](err)
	return !final
}

// post sends a request as JSON, with a token if it is not empty, and reads the
// answer into a struct. An answer other than 200 is an *answerError.
func (s *site) post(ctx context.Context, path, token string, question map[string]string, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	return s.do(ctx, http.MethodPost, path, token, bytes.NewReader(body), answer)
}

// get requests public data, and reads the answer like post.
func (s *site) get(ctx context.Context, path string, answer any) error {
	return s.do(ctx, http.MethodGet, path, "", nil, answer)
}

func (s *site) do(ctx context.Context, method, path, token string, body io.Reader, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", s.agent)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return s.unreached(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return s.unreached(err)
	}
	if len(text) > maxAnswer {
		return &refusal{fmt.Sprintf("the answer of %s is longer than %d KiB: is it the game's website?", s.base, maxAnswer>>10)}
	}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	isJSON := err == nil && kind == "application/json"
	if resp.StatusCode != http.StatusOK {
		return failed(resp.StatusCode, text, isJSON, token)
	}
	if !isJSON {
		return &refusal{s.base + " answered with something other than JSON: is it the game's website?"}
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return &refusal{s.base + " answered with JSON that the launcher does not understand: is it the game's website?"}
	}
	return nil
}

// failed reads the reason from an answer other than 200. It leaves out what it does
// not understand.
func failed(status int, text []byte, isJSON bool, token string) *answerError {
	e := &answerError{status: status}
	var said struct {
		Error       string `json:"error"`
		Message     string `json:"message"`
		Description string `json:"error_description"`
	}
	if !isJSON || json.Unmarshal(text, &said) != nil {
		return e
	}
	e.code, e.message = said.Error, plain(said.Message)
	if e.message == "" {
		e.message = plain(said.Description)
	}
	if token != "" && strings.Contains(e.message, token) {
		e.message = ""
	}
	return e
}

// unreached returns why there was no answer.
func (s *site) unreached(err error) error {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return fmt.Errorf("%s did not answer within %v", s.base, answerTimeout)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("reach %s: %w", s.base, err)
}

// plain makes a text of the site safe for a terminal: one line, at most 200
// characters, no control characters.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200])
	}
	return strings.TrimSpace(s)
}
