package e2e_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
	"github.com/waystone-mmo/waystone/tests/testenv"
)

// Canaries are planted where a caller, or the website, puts what is private.
// They are found wherever they come out: the texts around them do not matter.
const (
	canaryToken = "canaryTokenQ7xW2mZ9pLk4"
	canaryMail  = "canary.mail.h8v3n@example.org"
)

// TestPrivateTextStaysPrivate plants a token and an e-mail address in requests
// that succeed and in requests that fail, also with the stores down, and looks
// for them in all that an operator, or whoever reads over the shoulder, sees.
func TestPrivateTextStaysPrivate(t *testing.T) {
	t.Parallel()
	pg, redis := testenv.OwnPostgres(t), testenv.OwnRedis(t)
	for _, f := range []string{"postgres_schema.sql", "seed_postgres.sql", "rebase_postgres.sql"} {
		pg.Exec(t, betterauth.Read(f))
	}
	pg.Exec(t, `INSERT INTO public."user" (id, name, email, "emailVerified") VALUES ('canary', 'Canary', '`+canaryMail+`', true);
		INSERT INTO public.session (id, "expiresAt", token, "updatedAt", "userId") VALUES ('canary-session', now() + interval '1 hour', '`+canaryToken+`', now(), 'canary')`)
	p := ports(t, 2)
	ops := "127.0.0.1:" + p[1]
	server := run(t, map[string]string{
		"LISTEN_ADDR": "127.0.0.1", "SERVICE_PORT": p[0], "OPS_LISTEN_ADDR": ops, "DATABASE_URL": pg.URL(), "REDIS_URL": redis.URL(),
		"LOG_LEVEL": "debug", "DRAIN_DELAY": "0s",
	}, "serve", "database")
	server.ready(ops)
	cc, err := grpc.NewClient("127.0.0.1:"+p[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	c := canaries{t: t, users: databasev1.NewUserServiceClient(cc), sessions: databasev1.NewSessionServiceClient(cc)}

	for range 2 { // the second time from a cache
		c.plant("there", codes.OK, canaryToken, canaryMail)
		c.plant("not there", codes.NotFound, canaryToken+"X", "x"+canaryMail)
	}
	c.plant("not allowed", codes.InvalidArgument, canaryToken+"\x00", canaryMail+"\n")
	c.plant("too long", codes.InvalidArgument, canaryToken+strings.Repeat("x", 600), canaryMail+strings.Repeat("x", 600))
	redis.Stop(t)
	c.plant("there, without Redis", codes.OK, canaryToken, canaryMail)
	pg.Exec(t, `ALTER TABLE public."user" RENAME TO renamed`)
	c.plant("with a table gone", codes.Internal, canaryToken, canaryMail)
	pg.Stop(t)
	c.plant("with the store gone", codes.Unavailable, canaryToken, canaryMail)

	seen := map[string]string{"/metrics": fetch(t, ops, "/metrics"), "/status": fetch(t, ops, "/status")}
	server.stop()
	seen["the log"] = server.out.String()
	if !strings.Contains(seen["the log"], "UserService") {
		t.Error("the log knows nothing of the calls: what is looked for could not be there")
	}
	if !strings.Contains(seen["/metrics"], "GetUserByEmail") {
		t.Error("the metrics know nothing of the calls: what is looked for could not be there")
	}
	for where, text := range seen {
		for _, canary := range []string{canaryToken, canaryMail, strings.ToUpper(canaryMail), strings.ReplaceAll(canaryMail, "@", "%40")} {
			if at := strings.Index(text, canary); at >= 0 {
				t.Errorf("%s shows %s: …%s…", where, canary, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
}

// canaries sends canaries in every request that may hold one.
type canaries struct {
	t        *testing.T
	users    databasev1.UserServiceClient
	sessions databasev1.SessionServiceClient
}

// plant sends a token and an e-mail address, past every cache as well when the
// answer is to be an error, and wants a code for each.
func (c canaries) plant(what string, want codes.Code, token, mail string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	level := databasev1.Consistency_CONSISTENCY_CACHED
	if want != codes.OK {
		level = databasev1.Consistency_CONSISTENCY_FRESH
	}
	_, err := c.users.GetUserByEmail(ctx, &databasev1.GetUserByEmailRequest{Email: mail, Consistency: level})
	c.want(what, "GetUserByEmail", want, err, mail)
	_, err = c.sessions.GetSession(ctx, &databasev1.GetSessionRequest{Token: token, Consistency: level})
	c.want(what, "GetSession", want, err, token)
	_, err = c.sessions.RefreshSession(ctx, &databasev1.RefreshSessionRequest{Token: token})
	c.want(what, "RefreshSession", want, err, token)
	_, err = c.users.GetUserByUsername(ctx, &databasev1.GetUserByUsernameRequest{Username: mail, Consistency: level})
	if want == codes.OK {
		want = codes.NotFound // nobody has an e-mail address for a user name
	}
	if len(mail) > 128 {
		want = codes.InvalidArgument
	}
	c.want(what, "GetUserByUsername", want, err, mail)
}

func (c canaries) want(what, method string, want codes.Code, err error, private string) {
	c.t.Helper()
	if got := status.Code(err); got != want {
		c.t.Errorf("%s, %s: got %v, want %v", method, what, err, want)
	}
	if err != nil && strings.Contains(err.Error(), private) {
		c.t.Errorf("%s, %s: the error repeats what was sent: %v", method, what, err)
	}
}

func fetch(t *testing.T, ops, path string) string {
	t.Helper()
	resp, err := http.Get("http://" + ops + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s, %v", path, resp.Status, err)
	}
	return string(body)
}
