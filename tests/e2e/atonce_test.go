package e2e_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/bot"
	"github.com/waystone-mmo/waystone/internal/packets"
)

// atOnce bounds how long an act of the website may take to end a connection, on
// a machine that has other things to do. Asking from time to time, which slow
// makes rare, is not that fast.
const atOnce = 2 * time.Second

// slow makes the gateways ask as rarely as they can be set to.
func slow() map[string]string { return map[string]string{"PACKET_KEEPALIVE_INTERVAL": "5s"} }

// row reads one row of the database.
func (d *deployment) row(sql string, args []any, into ...any) error {
	d.t.Helper()
	conn, err := pgx.Connect(d.t.Context(), d.pg.URL())
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(d.t.Context())) }()
	return conn.QueryRow(d.t.Context(), sql, args...).Scan(into...)
}

func (d *deployment) mustRow(sql string, args []any, into ...any) {
	d.t.Helper()
	if err := d.row(sql, args, into...); err != nil {
		d.t.Fatal(err)
	}
}

// userID returns the id of a user of the website.
func (d *deployment) userID(user string) (id string) {
	d.t.Helper()
	d.mustRow(`SELECT id FROM "user" WHERE username = $1`, []any{user}, &id)
	return id
}

// signedIn makes a session of the website and returns a ticket made of it.
func (d *deployment) signedIn(user, session string) (name, ticket string) {
	d.t.Helper()
	d.pg.Exec(d.t, fmt.Sprintf(`INSERT INTO session (id, token, "userId", "expiresAt", "updatedAt")
		VALUES ('%[1]s', 'token-of-%[1]s', '%[2]s', now() + interval '1 day', now())`, session, d.userID(user)))
	resp, err := authv1.NewAuthServiceClient(plain(d.t, d.common["DISCOVERY_AUTH"])).IssueTicket(d.t.Context(), &authv1.IssueTicketRequest{
		Subject: &authv1.IssueTicketRequest_SessionToken{SessionToken: "token-of-" + session},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.GetUserName(), resp.GetTicket()
}

// recordEnded waits until a user's play record has ended.
func (d *deployment) recordEnded(userID string) {
	d.t.Helper()
	d.processes["database"].until("has ended the play record of "+userID, func() bool {
		var ended bool
		d.mustRow(`SELECT play_id IS NULL FROM game.play WHERE user_id = $1`, []any{userID}, &ended)
		return ended
	})
}

// place is where a bot's character stands.
func place(t *testing.T, b *bot.Bot) (x, y float64) {
	t.Helper()
	self, ok := b.Self()
	if !ok {
		t.Fatal("the bot is nowhere")
	}
	return float64(self.X), float64(self.Y)
}

// walked walks a bot a little way.
func walked(ctx context.Context, t *testing.T, b *bot.Bot) {
	t.Helper()
	x, y := place(t, b)
	if err := b.WalkTo(ctx, float32(x+200), float32(y+100)); err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheWebsiteDoesEndsTheGameAtOnce: with rows changed as the website
// changes them, by somebody of whom the server knows nothing.
func TestWhatTheWebsiteDoesEndsTheGameAtOnce(t *testing.T) {
	t.Parallel()
	d := fiveProcesses(t, slow())
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for i, c := range []struct{ name, user, sql, announce string }{
		{"banned", "spaces", `UPDATE "user" SET banned = true WHERE id = '%s'`, "Your account has been banned."},
		{"banned, the sessions with it", "bjorn.aa", `BEGIN; UPDATE "user" SET banned = true WHERE id = '%[1]s'; DELETE FROM session WHERE "userId" = '%[1]s'; COMMIT`, "Your account has been banned."},
		{"signed out", "alice_01", `DELETE FROM session WHERE "userId" = '%s'`, "Your session has ended. Please sign in again."},
		{"session ended early", "alice_01", `UPDATE session SET "expiresAt" = now() - interval '1 second' WHERE "userId" = '%s'`, "Your session has ended. Please sign in again."},
		{"password changed", "alice_01", `UPDATE account SET password = 'another', "updatedAt" = now() WHERE "providerId" = 'credential' AND "userId" = '%s'`, "Your password was changed. Please sign in again."},
		{"deleted", "emoji_dragon", `DELETE FROM "user" WHERE id = '%s'`, "Your account has been deleted."},
	} {
		userID := d.userID(c.user)
		name, ticket := d.signedIn(c.user, fmt.Sprint("session-e2e-", i))
		b := d.playAt(ctx, d.login, name, ticket)
		walked(ctx, t, b)
		x, y := place(t, b)
		start := time.Now()
		d.pg.Exec(t, fmt.Sprintf(c.sql, userID))
		committed := time.Now()
		how, err := b.WaitClosed(ctx, packets.Game)
		took := time.Since(start)
		if err != nil {
			t.Fatalf("%s: the game goes on: %v", c.name, err)
		}
		t.Logf("%s: put out within %v of the statement, %v after its commit", c.name, took.Round(time.Millisecond), time.Since(committed).Round(time.Millisecond))
		if how.Announce != c.announce {
			t.Errorf("%s: the player is told %q, want %q", c.name, how.Announce, c.announce)
		}
		if took > atOnce {
			t.Errorf("%s: it took %v, want at most %v", c.name, took, atOnce)
		}
		if _, err := b.WaitClosed(ctx, packets.World); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		// The record ends after the save, so what is there now is all that comes.
		d.recordEnded(userID)
		var savedX, savedY float64
		d.mustRow(`SELECT x, y FROM game.character WHERE user_id = $1`, []any{userID}, &savedX, &savedY)
		if math.Hypot(savedX-x, savedY-y) > 1 {
			t.Errorf("%s: stood at %.0f, %.0f and %.0f, %.0f is saved", c.name, x, y, savedX, savedY)
		}
	}
	// Who is banned is not let in, and is once the ban is lifted.
	if _, _, _, err := d.ticket("spaces"); err == nil {
		t.Error("a banned account got a ticket")
	}
	d.pg.Exec(t, `UPDATE "user" SET banned = false, "banReason" = NULL, "banExpires" = NULL WHERE username = 'spaces'`)
	again := d.play(ctx, "spaces")
	if err := again.Logout(ctx); err != nil {
		t.Error(err)
	}
}
