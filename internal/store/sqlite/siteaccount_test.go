package sqlite_test

import (
	"database/sql"
	"errors"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/sqlite"
	"github.com/waystone-mmo/waystone/internal/store/storetest"
)

// accountRow is a row of the website's table, as text.
type accountRow struct {
	ID, AccountID, ProviderID, UserID, Password, CreatedAt, UpdatedAt string
}

func accountsOf(t *testing.T, db *sql.DB, userID string) (rows []accountRow) {
	t.Helper()
	found, err := db.QueryContext(t.Context(), `SELECT id, "accountId", "providerId", "userId", password, CAST("createdAt" AS TEXT), CAST("updatedAt" AS TEXT)
		FROM account WHERE "userId" = ? AND "accessToken" IS NULL AND "idToken" IS NULL AND scope IS NULL`, userID)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var r accountRow
		if err := found.Scan(&r.ID, &r.AccountID, &r.ProviderID, &r.UserID, &r.Password, &r.CreatedAt, &r.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// A user with a password has the two rows of a sign-up at the website; a changed
// password changes the one, and one that was missing adds it.
func TestWebsitePasswordsAsTheWebsiteWritesThem(t *testing.T) {
	t.Parallel()
	const form = "2006-01-02T15:04:05.000Z"
	path, w := website(t)
	clock := storetest.NewClock()
	s := open(t, sqlite.Config{Path: path, Now: clock.Now})
	ctx := t.Context()
	u, err := s.CreateUser(ctx, store.NewUser{Username: "ann", Name: "Ann", Email: "ann@example.com", PasswordHash: "salt:first"})
	if err != nil {
		t.Fatal(err)
	}
	began := clock.Now().Format(form)
	rows := accountsOf(t, w.DB, u.ID)
	if len(rows) != 1 || len(rows[0].ID) != 32 || rows[0].ID == u.ID {
		t.Fatalf("accounts %+v", rows)
	}
	want := accountRow{rows[0].ID, u.ID, "credential", u.ID, "salt:first", began, began}
	if d := gocmp.Diff(want, rows[0]); d != "" {
		t.Errorf("the account (-want +got):\n%s", d)
	}

	clock.Advance(time.Minute)
	if err := s.SetWebsitePassword(ctx, u.ID, "salt:second"); err != nil {
		t.Fatal(err)
	}
	want.Password, want.UpdatedAt = "salt:second", clock.Now().Format(form)
	if d := gocmp.Diff([]accountRow{want}, accountsOf(t, w.DB, u.ID)); d != "" {
		t.Errorf("after a change (-want +got):\n%s", d)
	}
	if c, err := s.GetCredential(ctx, store.ByUsername, "ann"); err != nil || c.PasswordHash != "salt:second" {
		t.Errorf("the credential is %+v, %v", c, err)
	}

	plain, err := s.CreateUser(ctx, store.NewUser{Username: "ben", Name: "Ben", Email: "ben@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if rows := accountsOf(t, w.DB, plain.ID); len(rows) != 0 {
		t.Errorf("without a password there are the accounts %+v", rows)
	}
	if err := s.SetWebsitePassword(ctx, plain.ID, "salt:third"); err != nil {
		t.Fatal(err)
	}
	if rows := accountsOf(t, w.DB, plain.ID); len(rows) != 1 || rows[0].AccountID != plain.ID || rows[0].Password != "salt:third" {
		t.Errorf("the added account is %+v", rows)
	}
	if err := s.SetWebsitePassword(ctx, "nobody", "salt:x"); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("a user who is not there: got %v", err)
	}
}

// Where the website keeps passwords elsewhere, none is written, and no user
// without the one that was asked for.
func TestNoPasswordWhereTheWebsiteHasNoPlaceForOne(t *testing.T) {
	t.Parallel()
	path, w := website(t)
	exec(t, w.DB, `ALTER TABLE account DROP COLUMN password`)
	s := open(t, sqlite.Config{Path: path})
	n := store.NewUser{Username: "ann", Name: "Ann", Email: "ann@example.com", PasswordHash: "salt:first"}
	if _, err := s.CreateUser(t.Context(), n); errs.KindOf(err) != errs.FailedPrecondition {
		t.Errorf("got %v", err)
	}
	if _, err := s.GetUserByUsername(t.Context(), "ann", store.Fresh); !errors.Is(err, store.ErrUserNotFound) {
		t.Errorf("the user: %v", err)
	}
	if err := s.SetWebsitePassword(t.Context(), "any", "salt:x"); errs.KindOf(err) != errs.FailedPrecondition {
		t.Errorf("got %v", err)
	}
}
