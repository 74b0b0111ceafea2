package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
)

// Rows of our own tables that row-level security keeps from the role are not gone
// either, also where the website's tables have policies that show the role
// everything, so that connections leave hidden rows out instead of raising.
func TestOurRowsThatAreHiddenAreNotGone(t *testing.T) {
	t.Parallel()
	const secret = "0123456789abcdef0123456789abcdef"
	for _, table := range []string{"character", "account", "play", "ticket"} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			e := openSighted(t, `ALTER TABLE "user" ENABLE ROW LEVEL SECURITY; CREATE POLICY everything ON "user" USING (true)`)
			ctx, s, id := t.Context(), e.store, e.user.ID
			hero, err := s.CreateCharacter(ctx, store.NewCharacter{UserID: id, Name: "Hero", Key: store.NewID()})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SetGameAccount(ctx, store.GameAccount{UserID: id, PasswordHash: "$hash$"}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateTicket(ctx, store.Ticket{Digest: store.DigestOf(secret), UserID: id}, store.MaxTicketLifetime); err != nil {
				t.Fatal(err)
			}
			play, err := s.BeginPlay(ctx, store.NewPlay{UserID: id, Digest: store.DigestOf(secret), Address: "192.0.2.1"})
			if err != nil {
				t.Fatal(err)
			}
			calls := map[string]map[string]func() error{
				"character": {
					"ListCharacters": func() error {
						list, err := s.ListCharacters(ctx, id, true, store.Fresh)
						if err == nil && len(list) == 0 {
							err = errors.New("there are none")
						}
						return err
					},
					"GetCharacter": func() error { _, err := s.GetCharacter(ctx, hero.ID, store.Fresh); return err },
				},
				"account": {"GetGameAccount": func() error { _, err := s.GetGameAccount(ctx, id); return err }},
				"play": {
					"RenewPlays": func() error {
						renewed, err := s.RenewPlays(ctx, []store.PlayRef{play.Ref()})
						if err == nil && renewed[0] == nil {
							err = errors.New("the play is over")
						}
						return err
					},
					"HandOverPlay": func() error {
						_, err := s.HandOverPlay(ctx, store.HandOver{PlayRef: play.Ref(), Stage: store.StageWorld, Token: 7})
						return err
					},
				},
				"ticket": {"RedeemTicket": func() error { _, err := s.RedeemTicket(ctx, store.DigestOf(secret), "192.0.2.1"); return err }},
			}[table]
			e.run(t, fmt.Sprintf("ALTER TABLE game.%[1]s ENABLE ROW LEVEL SECURITY; ALTER TABLE game.%[1]s FORCE ROW LEVEL SECURITY", table))
			for round := range 2 { // the first one finds connections that filter
				for call, f := range calls {
					if err := f(); !errors.Is(err, store.ErrWebsiteHidden) || errs.KindOf(err) != errs.Unavailable {
						t.Errorf("%s, round %d: got %v, want %v", call, round, err, store.ErrWebsiteHidden)
					}
				}
			}
			mend := fmt.Sprintf(`ALTER TABLE "game"."%s" DISABLE ROW LEVEL SECURITY`, table)
			if err := s.WebsiteHealth(ctx); !errors.Is(err, store.ErrWebsiteHidden) || !strings.Contains(fmt.Sprint(err), mend) {
				t.Errorf("WebsiteHealth: %v does not say %s", err, mend)
			}
			_, err = postgres.Open(ctx, postgres.Config{URL: e.url})
			wantSentence(t, err, errs.FailedPrecondition, mend)
			if report, err := postgres.Check(ctx, postgres.Config{URL: e.url}); err != nil || inOrder(report) || !strings.Contains(fmt.Sprint(report.Lines), mend) {
				t.Errorf("the check: %+v, %v", report, err)
			}
			e.run(t, mend)
			for range 2 { // the first look has connections filter again
				_ = s.WebsiteHealth(ctx)
			}
			for call, f := range calls {
				if err := f(); err != nil {
					t.Errorf("%s with what was said: %v", call, err)
				}
			}
		})
	}
}
