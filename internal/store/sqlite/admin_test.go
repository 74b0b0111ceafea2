package sqlite_test

import (
	"cmp"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

func TestCreateUserWritesWhatTheWebsiteWould(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	clock := storetest.NewClock()
	s := open(t, sqlite.Config{Path: path, Now: clock.Now})
	ctx := t.Context()
	u, err := s.CreateUser(ctx, store.NewUser{Username: "New.Player", Name: "New Player", Email: "New@Example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, read := range []func() (*store.User, error){
		func() (*store.User, error) { return s.GetUser(ctx, u.ID, store.Fresh) },
		func() (*store.User, error) { return s.GetUserByUsername(ctx, "new.PLAYER", store.Fresh) },
		func() (*store.User, error) { return s.GetUserByEmail(ctx, "NEW@example.com", store.Fresh) },
	} {
		got, err := read()
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(u, got); d != "" {
			t.Errorf("user (-made +read):\n%s", d)
		}
	}
	var createdAt string
	var banned, verified, accounts int
	var image sql.NullString
	err = w.DB.QueryRowContext(ctx, `SELECT CAST("createdAt" AS TEXT), banned, "emailVerified", image,
		(SELECT count(*) FROM account WHERE "userId" = u.id) FROM "user" u WHERE id = ?`, u.ID).Scan(&createdAt, &banned, &verified, &image, &accounts)
	if err != nil {
		t.Fatal(err)
	}
	if want := clock.Now().Format("2006-01-02T15:04:05.000Z"); createdAt != want || banned != 0 || verified != 0 || image.Valid || accounts != 0 {
		t.Errorf("row: created %q (want %q), banned %d, verified %d, image %v, accounts %d", createdAt, want, banned, verified, image, accounts)
	}

	for _, n := range []store.NewUser{
		{Username: "NEW.player", Name: "x", Email: "other@example.com"},
		{Username: "another", Name: "x", Email: "new@EXAMPLE.com"},
		{Username: "Alice_01", Name: "x", Email: "other@example.com"}, // made by the website
	} {
		if _, err := s.CreateUser(ctx, n); !errors.Is(err, store.ErrUserExists) {
			t.Errorf("%+v: got %v, want %v", n, err, store.ErrUserExists)
		}
	}
	if _, err := s.CreateUser(ctx, store.NewUser{Username: "no", Name: "x", Email: "no@example.com"}); errs.KindOf(err) != errs.InvalidArgument {
		t.Errorf("a short user name: got %v", err)
	}
}

func TestListUsersByPages(t *testing.T) {
	t.Parallel()
	clock := storetest.NewClock()
	s := open(t, sqlite.Config{Path: sqlite.Memory, Now: clock.Now})
	ctx := t.Context()
	var want []*store.User
	for i := range 7 {
		u, err := s.CreateUser(ctx, store.NewUser{Username: "user" + strconv.Itoa(i), Name: "x", Email: strconv.Itoa(i) + "@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 { // some share their instant
			clock.Advance(time.Millisecond)
		}
		want = append(want, u)
	}
	slices.SortFunc(want, func(a, b *store.User) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	var got []*store.User
	for after, page := "", 0; ; page++ {
		users, err := s.ListUsers(ctx, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(users) == 0 {
			break
		}
		if page > 3 {
			t.Fatal("the pages do not end")
		}
		got = append(got, users...)
		after = users[len(users)-1].ID
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("users (-want +got):\n%s", d)
	}
	for _, limit := range []int{0, -1, 1001} {
		if _, err := s.ListUsers(ctx, "", limit); errs.KindOf(err) != errs.InvalidArgument {
			t.Errorf("limit %d: got %v", limit, err)
		}
	}
}

func TestSetBan(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	clock := storetest.NewClock()
	s := open(t, sqlite.Config{Path: path, Now: clock.Now})
	ctx := t.Context()
	users := storetest.Fixtures(t, "sqlite")
	alice, bjorn := users["alice"], users["bjorn"]
	before := w.CountSessions(t)

	until := clock.Now().Add(time.Hour)
	if err := s.SetBan(ctx, alice.ID, store.Ban{Banned: true, Until: until}); err != nil {
		t.Fatal(err)
	}
	u, err := s.GetUser(ctx, alice.ID, store.Fresh)
	if err != nil || !u.Banned || u.BanReason != "No reason" || !u.BanExpiresAt.Equal(until) {
		t.Errorf("banned: got %+v, %v", u, err)
	}
	if _, _, err := s.GetSession(ctx, alice.Sessions[0].Token, store.Fresh); !errors.Is(err, store.ErrSessionNotFound) {
		t.Errorf("a session of a banned user: got %v, want it deleted", err)
	}
	if _, _, err := s.GetSession(ctx, bjorn.Sessions[0].Token, store.Fresh); err != nil {
		t.Errorf("a session of another user: %v", err)
	}
	if n := before - w.CountSessions(t); n != len(alice.Sessions) {
		t.Errorf("%d sessions were deleted, want the user's %d", n, len(alice.Sessions))
	}

	if err := s.SetBan(ctx, alice.ID, store.Ban{Banned: true, Reason: "gold selling"}); err != nil {
		t.Fatal(err)
	}
	if u, err = s.GetUser(ctx, alice.ID, store.Fresh); err != nil || u.BanReason != "gold selling" || !u.BanExpiresAt.IsZero() {
		t.Errorf("banned without end: got %+v, %v", u, err)
	}
	if err := s.SetBan(ctx, alice.ID, store.Ban{}); err != nil {
		t.Fatal(err)
	}
	if u, err = s.GetUser(ctx, alice.ID, store.Fresh); err != nil || u.Banned || u.BanReason != "" || !u.BanExpiresAt.IsZero() {
		t.Errorf("no longer banned: got %+v, %v", u, err)
	}

	if err := s.SetBan(ctx, "nobody", store.Ban{Banned: true}); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("nobody: got %v", err)
	}
	if err := s.SetBan(ctx, alice.ID, store.Ban{Banned: true, Until: clock.Now()}); errs.KindOf(err) != errs.InvalidArgument {
		t.Errorf("a ban that is over: got %v", err)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, sqlite.Config{Path: filepath.Join(dir, "waystone.db")})
	ctx := t.Context()
	want, err := s.CreateCharacter(ctx, newCharacter("user", "Hero"))
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "it's a backup.db")
	if err := s.Backup(ctx, to); err != nil {
		t.Fatal(err)
	}
	restored := open(t, sqlite.Config{Path: to})
	if got, err := restored.GetCharacter(ctx, want.ID, store.Fresh); err != nil || !gocmp.Equal(want, got) {
		t.Errorf("the backup has %v, %v; want %v", got, err, want)
	}
	if err := s.Backup(ctx, to); errs.KindOf(err) != errs.InvalidArgument {
		t.Errorf("a backup over another: got %v", err)
	}
	if err := s.Backup(ctx, filepath.Join(dir, "no", "such", "folder.db")); err == nil {
		t.Error("a backup into a folder that is not there succeeded")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	s := open(t, sqlite.Config{Path: path})
	ctx := t.Context()
	r, err := s.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var objects []string
	for _, l := range r.Lines {
		objects = append(objects, l.Object)
	}
	want := []string{
		"file", "table user", "table session", "table account", "table verification",
		"noticing changed passwords", "reading password hashes", "making sessions", "redeeming one-time tokens",
		"forms of values", "user names", "e-mail addresses", "life of sessions", "prolonging of sessions", "shape of user names", "form of password hashes",
		"migrations", "integrity",
	}
	if d := gocmp.Diff(want, objects); d != "" {
		t.Errorf("objects (-want +got):\n%s", d)
	}
	if !r.OK() {
		t.Errorf("a good database: %+v", r)
	}

	if _, err := w.DB.ExecContext(ctx, `ALTER TABLE "user" DROP COLUMN "banReason"`); err != nil {
		t.Fatal(err)
	}
	if r, err = s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	if r.OK() || r.Lines[1].OK || !strings.Contains(r.Lines[1].Detail, "banReason") {
		t.Errorf("without a column: %+v", r)
	}
}
