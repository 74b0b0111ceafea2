package auth_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// Every secret goes through every call that takes or makes one, well and badly,
// and is then looked for in the log at its most talkative, in the metrics and
// in the errors.
func TestSecretsStayInside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unlimited)
	const password, sessionToken, typedName = "canary password", "canary-session-token", "canaryinthewrongfield"
	const email, oneTime = "canary.mail@example.org", "canary_one-time-token_0123456789"
	siteHash := auth.SiteHash(password)
	w.store.exec(`UPDATE "user" SET email = ?1 WHERE id = 'ada1'`, email)
	w.store.site.SetPassword(t, "ada1", siteHash)
	w.store.site.AddSession(t, "session-x", sessionToken, "ada1", w.store.clock.Now().Add(time.Hour))
	secrets := map[string]string{
		"password": password, "session token": sessionToken, "form": auth.ClientForm(password), "user name": typedName,
		"e-mail address": email, "one-time token": oneTime,
	}
	var said []string
	note := func(err error) {
		if err != nil {
			said = append(said, err.Error())
		}
	}
	// leave ends the play of a sign-in, which the next one would wait for.
	leave := func(in *authv1.LoginResponse) {
		if in.GetPlay() != nil {
			_, err := w.EndPlay(t.Context(), &authv1.EndPlayRequest{Play: ref(in.GetPlay())})
			note(err)
		}
	}
	calls := func() {
		issued, err := w.IssueTicket(t.Context(), &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_SessionToken{SessionToken: sessionToken}})
		note(err)
		ticket := issued.GetTicket()
		if ticket != "" {
			secrets["ticket"] = ticket
		} else {
			ticket = auth.NewTicket()
			secrets["ticket that was never issued"] = ticket
		}
		in, err := w.login(t, "ada", ticket, home)
		note(err)
		_, err = w.login(t, "ada", ticket, home)
		note(err)
		_, err = w.login(t, typedName, ticket, home)
		note(err)
		out, err := w.handOver(t, in.GetPlay(), toWorld, "")
		note(err)
		if out.GetToken() != 0 {
			secrets["token"] = strconv.FormatUint(uint64(out.GetToken()), 10)
		}
		_, err = w.join(t, out.GetToken(), auth.NewTicket(), toWorld, home)
		note(err)
		_, err = w.join(t, out.GetToken(), ticket, toWorld, home)
		note(err)
		for _, p := range []string{password, "canary" + strings.Repeat("x", 80), "canary\n" + password} {
			_, err = w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: "ada1", Password: p, CurrentPassword: password, Address: home})
			note(err)
		}
		leave(in)
		in, err = w.login(t, "ada", auth.ClientForm(password), home)
		note(err)
		leave(in)
		_, err = w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: sessionToken})
		note(err)
		_, err = w.RefreshSession(t.Context(), &authv1.RefreshSessionRequest{Token: sessionToken})
		note(err)
		_, err = w.IssueTicket(t.Context(), &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_SessionToken{SessionToken: sessionToken + "x"}})
		note(err)
		_, err = w.Login(t.Context(), &authv1.LoginRequest{UserName: "ada", Secret: "canary", Address: home})
		note(err)
		w.store.addOneTimeToken(oneTime, sessionToken)
		for range 2 {
			in, err = w.login(t, "ada", oneTime, home)
			note(err)
			leave(in)
		}
		for _, p := range []string{password, "canary of a wrong password", "canary" + strings.Repeat("x", 200), "canary\x00"} {
			for _, r := range []*authv1.VerifyPasswordRequest{
				byEmail(email, p), byEmail("canary at no address", p), byUsername("ada", p), byUsername(typedName, p), byUsername("canary name", p),
			} {
				_, err = w.VerifyPassword(t.Context(), r)
				note(err)
			}
			made, err := w.SignIn(t.Context(), &authv1.SignInRequest{
				User: &authv1.SignInRequest_Email{Email: email}, Password: p, Address: home, UserAgent: "canary of a program",
			})
			note(err)
			if made.GetToken() != "" {
				secrets["token of the session made"] = made.GetToken()
				_, err = w.SignOut(t.Context(), &authv1.SignOutRequest{Token: made.GetToken()})
				note(err)
			}
		}
		_, err = w.SignOut(t.Context(), &authv1.SignOutRequest{Token: sessionToken + "\n"})
		note(err)
	}
	calls()
	secrets["hash"], secrets["hash of the website"] = w.store.account("ada1").PasswordHash, siteHash
	w.store.site.SetPassword(t, "ada1", "canary hash of another shape")
	calls()
	w.store.down(store.ErrUnavailable.Wrap(fmt.Errorf("connection refused")))
	calls()

	logged := w.log.String()
	for _, line := range []string{`"ticket issued"`, `"signed in"`, `"sign-in refused"`, `"join refused"`, `"game password changed"`, "has another shape", "connection refused"} {
		if !strings.Contains(logged, line) {
			t.Errorf("the log has no %s, so this test looks at too little", line)
		}
	}
	if len(said) < 100 {
		t.Errorf("only %d errors", len(said))
	}
	all := logged + strings.Join(said, "\n") + w.exposition(t)
	for what, s := range secrets {
		if s == "" || strings.Contains(all, s) {
			t.Errorf("the %s came out", what)
		}
	}
	if strings.Contains(strings.ReplaceAll(all, "canary-", ""), "canary") {
		t.Error("a part of a secret came out")
	}
}

func (w *world) exposition(t *testing.T) string {
	t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range families {
		b.WriteString(f.String())
	}
	return b.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, secret := w.mustLogin(t, "ada1")
	_, _ = w.login(t, "ada", auth.ClientForm("wrong password"), home)
	out, err := w.handOver(t, in.GetPlay(), toWorld, "")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.join(t, out.GetToken(), secret, toWorld, home)
	_, _ = w.join(t, out.GetToken(), secret, toWorld, home)
	const expected = `
# HELP waystone_auth_hash_queue Passwords that wait to be hashed.
# TYPE waystone_auth_hash_queue gauge
waystone_auth_hash_queue 0
# HELP waystone_auth_joins_total Joins of a stage by result (ok or the reason of the refusal).
# TYPE waystone_auth_joins_total counter
waystone_auth_joins_total{result="JOIN_REFUSED"} 1
waystone_auth_joins_total{result="ok"} 1
# HELP waystone_auth_logins_total Sign-ins by way (ticket, one-time-token, used-ticket, password, sign-in, verify) and result (ok or the reason of the refusal).
# TYPE waystone_auth_logins_total counter
waystone_auth_logins_total{result="LOGIN_REFUSED",way="password"} 1
waystone_auth_logins_total{result="ok",way="ticket"} 1
# HELP waystone_auth_tickets_total Tickets by event: issued, redeemed.
# TYPE waystone_auth_tickets_total counter
waystone_auth_tickets_total{event="issued"} 1
waystone_auth_tickets_total{event="redeemed"} 1
`
	if err := testutil.GatherAndCompare(w.metrics, strings.NewReader(expected), "waystone_auth_hash_queue",
		"waystone_auth_joins_total", "waystone_auth_logins_total", "waystone_auth_tickets_total"); err != nil {
		t.Error(err)
	}
}
