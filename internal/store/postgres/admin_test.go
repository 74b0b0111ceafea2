package postgres_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/postgres"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

func TestCreateUserAsTheWebsiteWould(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ schema, id string }{
		"text":    {"postgres_schema.sql", `^[a-zA-Z0-9]{32}$`},
		"serial":  {"variants/postgres_serial.sql", `^1$`},
		"uuid":    {"variants/postgres_uuid.sql", `^[0-9a-f-]{36}$`},
		"no zone": {"variants/postgres_drizzle.sql", `^[a-zA-Z0-9]{32}$`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pg := website(t, c.schema)
			clock := storetest.NewClock()
			s := open(t, postgres.Config{URL: pg.URL(), Migrate: true, Now: clock.Now})
			ctx := t.Context()
			u, err := s.CreateUser(ctx, store.NewUser{Username: "Ann_1", Name: "Ann", Email: "Ann@Example.com"})
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(c.id).MatchString(u.ID) {
				t.Errorf("id %q, want %s", u.ID, c.id)
			}
			want := &store.User{
				ID: u.ID, Name: "Ann", Username: "ann_1", DisplayUsername: "Ann_1", Email: "ann@example.com",
				Role: "user", CreatedAt: clock.Now(), UpdatedAt: clock.Now(),
			}
			if diff := cmp.Diff(want, u); diff != "" {
				t.Errorf("made (-want +got):\n%s", diff)
			}
			if got, err := s.GetUserByUsername(ctx, "ANN_1", store.Fresh); err != nil || !cmp.Equal(want, got) {
				t.Errorf("read back %+v, %v", got, err)
			}
			if _, err := s.CreateUser(ctx, store.NewUser{Username: "cleo", Name: "Cleo", Email: "c@d", PasswordHash: "salt:key"}); errs.KindOf(err) != errs.FailedPrecondition {
				t.Errorf("a user with a password: got %v", err)
			}
			for what, n := range map[string]store.NewUser{
				"the name": {Username: "ANN_1", Name: "x", Email: "other@example.com"},
				"the mail": {Username: "other", Name: "x", Email: "ANN@example.com"},
			} {
				if _, err := s.CreateUser(ctx, n); !errors.Is(err, store.ErrUserExists) {
					t.Errorf("%s again: got %v, want %v", what, err, store.ErrUserExists)
				}
			}
			for what, n := range map[string]store.NewUser{
				"short": {Username: "an", Name: "x", Email: "x@y"},
				"space": {Username: "an n", Name: "x", Email: "x@y"},
				"mail":  {Username: "ben", Name: "x", Email: "xy"},
				"name":  {Username: "ben", Email: "x@y"},
			} {
				if _, err := s.CreateUser(ctx, n); errs.KindOf(err) != errs.InvalidArgument {
					t.Errorf("%s: got %v, want a refusal", what, err)
				}
			}
		})
	}
}

func TestListUsersInPages(t *testing.T) {
	t.Parallel()
	e := openEnv(t)
	s := e.Store.(*postgres.Store)
	ctx := t.Context()
	all, err := s.ListUsers(ctx, "", 1000)
	if err != nil || len(all) != 8 {
		t.Fatalf("%d users, %v; the fixtures have 8", len(all), err)
	}
	var paged []*store.User
	after := ""
	for {
		page, err := s.ListUsers(ctx, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		after = page[len(page)-1].ID
	}
	if diff := cmp.Diff(all, paged); diff != "" {
		t.Errorf("in pages (-at once +in pages):\n%s", diff)
	}
	for i := 1; i < len(all); i++ {
		if all[i].CreatedAt.Before(all[i-1].CreatedAt) {
			t.Errorf("%s comes after %s, who is younger", all[i].Email, all[i-1].Email)
		}
	}
	for _, limit := range []int{0, -1, 1001} {
		if _, err := s.ListUsers(ctx, "", limit); errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("limit %d: got %v, want a refusal", limit, err)
		}
	}
}

func TestSetBanEndsSessions(t *testing.T) {
	t.Parallel()
	e := openEnv(t)
	s := e.Store.(*postgres.Store)
	ctx := t.Context()
	alice, err := s.GetUserByUsername(ctx, "alice_01", store.Fresh)
	if err != nil {
		t.Fatal(err)
	}
	e.Website.AddSession(t, "s", "tok", alice.ID, e.Clock.Now().Add(time.Hour))
	until := e.Clock.Now().Add(time.Hour)
	if err := s.SetBan(ctx, alice.ID, store.Ban{Banned: true, Until: until}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.GetSession(ctx, "tok", store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
		t.Errorf("after a ban: got %v, want %v", err, store.ErrSessionNotFound)
	}
	u, err := s.GetUser(ctx, alice.ID, store.Fresh)
	if err != nil || !u.Banned || u.BanReason != "No reason" || !u.BanExpiresAt.Equal(until) || !u.UpdatedAt.Equal(e.Clock.Now()) {
		t.Errorf("banned: %+v, %v", u, err)
	}
	if err := s.SetBan(ctx, alice.ID, store.Ban{}); err != nil {
		t.Fatal(err)
	}
	u, err = s.GetUser(ctx, alice.ID, store.Fresh)
	if err != nil || u.Banned || u.BanReason != "" || !u.BanExpiresAt.IsZero() {
		t.Errorf("ban lifted: %+v, %v", u, err)
	}
	if err := s.SetBan(ctx, "nobody", store.Ban{Banned: true}); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("a ban of nobody: got %v, want %v", err, store.ErrUserNotFound)
	}
}
