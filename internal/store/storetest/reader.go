package storetest

import (
	"database/sql"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// RunReader checks what an engine promises to a cache in front of it. open is
// the one of Harness; its Store has to be a store.Reader and its Website an
// *SQLWebsite.
func RunReader(t *testing.T, open func(t testing.TB) Env) {
	t.Helper()
	for _, tt := range []test{
		{"RowsAreUnjudged", readerUnjudged},
		{"NoRowIsTheContractsError", readerMissing},
		{"CharactersInSlotOrderMarkedOnesIncluded", readerCharacters},
		{"SnapshotIsTheStatements", readerSnapshot},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}

// reader returns the store as what its caches read.
func (e *Env) reader(t testing.TB) store.Reader {
	t.Helper()
	r, ok := e.Store.(store.Reader)
	if !ok {
		t.Fatalf("%T is no store.Reader", e.Store)
	}
	return r
}

// wantSnapshot: a snapshot of a statement, or the zero one of an engine
// without transaction ids.
func (e *Env) wantSnapshot(t testing.TB, what string, s store.Snapshot) {
	t.Helper()
	if s.IsZero() != (e.Engine == "sqlite") {
		t.Errorf("%s: snapshot %v of engine %s", what, s, e.Engine)
	}
}

func readerUnjudged(t *testing.T, e Env) {
	ctx, r := testContext(t), e.reader(t)
	for _, key := range []string{"spaces", "banned_live"} {
		want := e.user(t, key)
		id, token := e.addSession(t, want.ID, e.Clock.Now().Add(-time.Hour))
		s, u, seen, err := r.ReadSession(ctx, token)
		if err != nil {
			t.Fatalf("an expired session of %s: %v", key, err)
		}
		wantEqual(t, "session", []any{s.ID, s.UserID, u.ID, u.Banned}, []any{id, want.ID, want.ID, want.Banned})
		if !s.ExpiredAt(e.Clock.Now()) || u.BannedAt(e.Clock.Now()) != want.Banned {
			t.Errorf("%s: the row is not as stored: %+v, %+v", key, s, u)
		}
		e.wantSnapshot(t, "ReadSession", seen)
		for by, value := range map[store.UserKey]string{
			store.ByID: want.ID, store.ByUsername: want.DisplayUsername, store.ByEmail: want.Email,
		} {
			u, seen, err := r.ReadUser(ctx, by, value)
			if err != nil || u.ID != want.ID {
				t.Errorf("ReadUser(%d, %q): %+v, %v", by, value, u, err)
			}
			e.wantSnapshot(t, "ReadUser", seen)
		}
	}
}

func readerMissing(t *testing.T, e Env) {
	ctx, r := testContext(t), e.reader(t)
	for by, value := range map[store.UserKey]string{
		store.ByID: store.NewID(), store.ByUsername: "nobody", store.ByEmail: "nobody@example.com",
	} {
		u, seen, err := r.ReadUser(ctx, by, value)
		wantErr(t, "ReadUser", err, store.ErrUserNotFound)
		e.wantSnapshot(t, "ReadUser", seen)
		if u != nil {
			t.Errorf("ReadUser returns %+v with its error", u)
		}
	}
	s, u, seen, err := r.ReadSession(ctx, "nothing")
	wantErr(t, "ReadSession", err, store.ErrSessionNotFound)
	e.wantSnapshot(t, "ReadSession", seen)
	if s != nil || u != nil {
		t.Errorf("ReadSession returns %+v, %+v with its error", s, u)
	}
	c, seen, err := r.ReadCharacter(ctx, 4_000_000_000)
	wantErr(t, "ReadCharacter", err, store.ErrCharacterNotFound)
	e.wantSnapshot(t, "ReadCharacter", seen)
	if c != nil {
		t.Errorf("ReadCharacter returns %+v with its error", c)
	}
	list, seen, err := r.ReadCharacters(ctx, "nobody")
	if err != nil || len(list) != 0 {
		t.Errorf("ReadCharacters of nobody: %v, %v", list, err)
	}
	e.wantSnapshot(t, "ReadCharacters", seen)

	// A session whose user has gone, where nothing keeps the website from it.
	gone := e.user(t, "spaces")
	_, token := e.addSession(t, gone.ID, e.Clock.Now().Add(time.Hour))
	e.Website.DeleteUser(t, gone.ID)
	_, _, seen, err = r.ReadSession(ctx, token)
	wantErr(t, "ReadSession after the user's deletion", err, store.ErrSessionNotFound)
	e.wantSnapshot(t, "ReadSession", seen)
}

func readerCharacters(t *testing.T, e Env) {
	ctx, r := testContext(t), e.reader(t)
	u := e.user(t, "spaces")
	var want []*store.Character
	for _, name := range []string{"First", "Second", "Third"} {
		want = append(want, must[*store.Character](t)(e.Store.CreateCharacter(ctx, newCharacter(u.ID, name))))
	}
	must[time.Time](t)(e.Store.DeleteCharacter(ctx, want[1].ID, u.ID))
	marked, seen, err := r.ReadCharacter(ctx, want[1].ID)
	if err != nil || marked.DeleteAt.IsZero() {
		t.Fatalf("a marked character: %+v, %v", marked, err)
	}
	e.wantSnapshot(t, "ReadCharacter", seen)
	want[1] = marked
	list, seen, err := r.ReadCharacters(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	e.wantSnapshot(t, "ReadCharacters", seen)
	wantEqual(t, "characters", list, want)
}

// readerSnapshot: what a snapshot sees is what the row shows.
func readerSnapshot(t *testing.T, e Env) {
	if e.Engine == "sqlite" {
		t.Skip("the engine has no transaction ids")
	}
	ctx, r := testContext(t), e.reader(t)
	w, ok := e.Website.(*SQLWebsite)
	if !ok {
		t.Fatalf("%T is no *SQLWebsite", e.Website)
	}
	u := e.user(t, "spaces")
	_, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Hour))

	tx := must[*sql.Tx](t)(w.DB.BeginTx(ctx, nil))
	defer func() { _ = tx.Rollback() }() // nothing to undo once it is committed
	var xid uint64
	if err := tx.QueryRowContext(ctx, `SELECT pg_current_xact_id()::text`).Scan(&xid); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE "user" SET name = 'Renamed' WHERE id = $1`, u.ID); err != nil {
		t.Fatal(err)
	}
	look := func(when, name string, seen bool) {
		t.Helper()
		got, at, err := r.ReadUser(ctx, store.ByID, u.ID)
		if err != nil || got.Name != name || at.Sees(xid) != seen {
			t.Errorf("user %s: %+v, snapshot %v sees %d: %v, %v", when, got, at, xid, at.Sees(xid), err)
		}
		_, got, at, err = r.ReadSession(ctx, token)
		if err != nil || got.Name != name || at.Sees(xid) != seen {
			t.Errorf("session %s: %+v, snapshot %v sees %d: %v, %v", when, got, at, xid, at.Sees(xid), err)
		}
		for what, read := range map[string]func() (store.Snapshot, error){
			"user that is not there": func() (store.Snapshot, error) {
				_, at, err := r.ReadUser(ctx, store.ByUsername, "nobody")
				return at, ignore(err, store.ErrUserNotFound)
			},
			"session that is not there": func() (store.Snapshot, error) {
				_, _, at, err := r.ReadSession(ctx, "nothing")
				return at, ignore(err, store.ErrSessionNotFound)
			},
			"character that is not there": func() (store.Snapshot, error) {
				_, at, err := r.ReadCharacter(ctx, 4_000_000_000)
				return at, ignore(err, store.ErrCharacterNotFound)
			},
			"characters that are not there": func() (store.Snapshot, error) {
				_, at, err := r.ReadCharacters(ctx, "nobody")
				return at, err
			},
		} {
			if at, err := read(); err != nil || at.Sees(xid) != seen {
				t.Errorf("%s, %s: snapshot %v sees %d: %v, %v", what, when, at, xid, at.Sees(xid), err)
			}
		}
	}
	look("before the commit", u.Name, false)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	look("after the commit", "Renamed", true)
}
