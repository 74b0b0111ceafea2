package auth_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
)

// readStore notes how current the users and sessions are that a part asks for.
type readStore struct {
	*testStore
	fresh []bool
}

func (s *readStore) GetUser(ctx context.Context, id string, c store.Consistency) (*store.User, error) {
	s.fresh = append(s.fresh, c == store.Fresh)
	return s.testStore.GetUser(ctx, id, c)
}

func (s *readStore) GetSession(ctx context.Context, token string, c store.Consistency) (*store.Session, *store.User, error) {
	s.fresh = append(s.fresh, c == store.Fresh)
	return s.testStore.GetSession(ctx, token, c)
}

// What lets somebody in is not decided by what a cache remembers. The website's
// pages, which ask for a session again and again, are served from it.
func TestWhoIsLetInIsReadPastTheCaches(t *testing.T) {
	t.Parallel()
	db := &readStore{testStore: newStore(t)}
	a, err := auth.New(auth.DefaultConfig(), auth.Deps{Store: db, Now: db.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, ticket := t.Context(), ""
	for _, c := range []struct {
		what  string
		call  func() error
		fresh bool
	}{
		{"a ticket for a session", func() error {
			r, err := a.IssueTicket(ctx, &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_SessionToken{SessionToken: "token-ada1"}})
			ticket = r.GetTicket()
			return err
		}, true},
		{"a ticket for a user", func() error {
			_, err := a.IssueTicket(ctx, &authv1.IssueTicketRequest{Subject: &authv1.IssueTicketRequest_UserId{UserId: "ada1"}})
			return err
		}, true},
		{"a sign-in by ticket", func() error {
			_, err := a.Login(ctx, &authv1.LoginRequest{UserName: "ada", Secret: ticket, Address: home})
			return err
		}, true},
		{"a game password, by a session of just now", func() error {
			_, err := a.SetGamePassword(ctx, &authv1.SetGamePasswordRequest{UserId: "ben1", SessionToken: "token-ben1"})
			return err
		}, true},
		{"a look at a session", func() error {
			_, err := a.CheckSession(ctx, &authv1.CheckSessionRequest{Token: "token-ada1"})
			return err
		}, false},
	} {
		db.fresh = nil
		want(t, c.what, c.call(), nil)
		if diff := cmp.Diff([]bool{c.fresh}, db.fresh); diff != "" {
			t.Errorf("%s: reads past the caches (-want +got):\n%s", c.what, diff)
		}
	}
}
