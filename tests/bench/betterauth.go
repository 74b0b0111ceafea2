package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/tests/testenv/local"
)

// site is a running better-auth, that of the example website.
type site struct {
	*process
	url    string
	client *http.Client
}

// siteFolder returns the folder of the example website, or "" and what it lacks.
func (b *bench) siteFolder(ctx context.Context) (folder, lacks string, err error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", "", fmt.Errorf("find the repository: %w", err)
	}
	folder = filepath.Join(strings.TrimSpace(string(root)), "website")
	if b.installSite {
		out, err := exec.CommandContext(ctx, filepath.Join(folder, "..", "scripts", "website-deps.sh")).CombinedOutput() //nolint:gosec // a script of the repository
		if err != nil {
			return "", "", fmt.Errorf("install the website's packages: %w\n%s", err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", ".bin", "node")); err != nil {
		return "", "not measured: website/node_modules is missing; `-better-auth` installs it", nil
	}
	return folder, "", nil
}

// newSite starts the website on the database of the server under test and waits
// until it answers.
func (b *bench) newSite(ctx context.Context, folder string) (*site, error) {
	port, err := local.FreePort()
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	cmd := exec.CommandContext(ctx, filepath.Join(folder, "node_modules", ".bin", "node"), "src/main.ts") //nolint:gosec // of the website's packages
	cmd.Dir, cmd.Stderr = folder, b.env.log
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.env.folder, "WAYSTONE_DATA=" + b.env.folder, "HOST=127.0.0.1", "PORT=" + strconv.Itoa(port),
		"DATABASE_URL=" + b.env.postgres.URL(), "RATE_LIMIT=off", "NODE_ENV=production", "BASE_URL=http://" + addr,
		"BETTER_AUTH_SECRET=" + tokenOf(-1),
	}
	p, err := launch(cmd)
	if err != nil {
		return nil, err
	}
	s := &site{process: p, url: "http://" + addr, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}}
	if err := p.answers(ctx, s.url+"/healthz"); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return s, nil
}

func (s *site) close() error {
	s.client.CloseIdleConnections()
	return s.stop()
}

// send sends a request and looks for a text in its answer.
func (s *site) send(ctx context.Context, method, path, token, body, want string) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", s.url)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(want))) {
		err = fmt.Errorf("%s answers %s without %s: %.200s", path, resp.Status, want, text)
	}
	return err
}

// getSession is the check of user i's session.
func (s *site) getSession(ctx context.Context, e *environment, i int) error {
	return s.send(ctx, http.MethodGet, "/api/auth/get-session", e.warmTokens[i], "", `"userId":"`+e.warmIDs[i]+`"`)
}

// signIn signs user i in.
func (s *site) signIn(ctx context.Context, e *environment, i int) error {
	return s.send(ctx, http.MethodPost, "/api/auth/sign-in/email", "", fmt.Sprintf(`{"email":"player.%d@example.com","password":%q}`, i, password), e.warmIDs[i])
}

// signInCallers sign in at once beside better-auth, which hashes four at once.
const signInCallers = 8

// betterAuth measures a live better-auth beside the auth part: no floor and no
// target, for it is another program with another task.
func (b *bench) betterAuth(ctx context.Context) (err error) {
	const checkName, signInName = "auth beside better-auth, session check", "auth beside better-auth, sign-in"
	if !b.wanted(checkName, signInName) {
		return nil
	}
	folder, lacks, err := b.siteFolder(ctx)
	if err != nil {
		return err
	}
	if lacks != "" {
		b.report.facts = append(b.report.facts, fact{what: "auth beside better-auth", measured: lacks, target: "none"})
		return nil
	}
	b.say("starting the example website for its better-auth")
	s, err := b.newSite(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	// better-auth prolongs a session that it sees for the first time in a day;
	// from then on its row stays the same.
	for i := range b.warm {
		if err := s.getSession(ctx, b.env, i); err != nil {
			return err
		}
	}
	conn, err := pgx.Connect(ctx, b.env.postgres.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	b.env.rows = nil
	if err := b.env.expect(ctx, conn); err != nil {
		return err
	}
	d, err := b.together(ctx, everyCore())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := b.askSessions(ctx, d.clients); err != nil {
		return err
	}
	if err := b.compare(ctx, ratio{name: checkName}, d.checks(), side{name: "better-auth get-session", call: func(ctx context.Context, caller, n int) error {
		return s.getSession(ctx, b.env, (caller*7919+n)%b.warm)
	}}); err != nil {
		return err
	}
	services := d.services()
	return b.compare(ctx, ratio{name: signInName, callers: signInCallers},
		side{name: "SignIn", call: func(ctx context.Context, caller, n int) error {
			i := (caller + n*signInCallers) % b.warm
			resp, err := services[caller%connections].SignIn(ctx, &authv1.SignInRequest{
				User: &authv1.SignInRequest_Username{Username: username(i)}, Password: password, Address: address(i), Remember: true,
			})
			if err == nil && resp.GetUser().GetId() != userID(i) {
				err = fmt.Errorf("%s is user %s, and not %s", username(i), resp.GetUser().GetId(), userID(i))
			}
			return err
		}},
		side{name: "better-auth sign-in/email", call: func(ctx context.Context, caller, n int) error {
			return s.signIn(ctx, b.env, (caller+n*signInCallers)%b.warm)
		}})
}
