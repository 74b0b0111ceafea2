package storetest

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
)

// SQLiteFiles returns what makes an SQLite file for each test below t, beside a
// connection as the website. The file is a copy of one that is made once: with
// better-auth's tables and rows, and with what prepare adds, the engine's
// migrations. To make all of it again takes a second of computing. The program
// has to import the driver, as the engine does.
func SQLiteFiles(t testing.TB, prepare func(path string) error) func(testing.TB) (path string, w *SQLWebsite) {
	t.Helper()
	original := filepath.Join(t.TempDir(), "original.db")
	w := openSQLite(t, original)
	w.LoadFixtures(t)
	if err := w.DB.Close(); err != nil { // nobody else has it open: all of it is in the one file
		t.Fatal(err)
	}
	if err := prepare(original); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	return func(t testing.TB) (string, *SQLWebsite) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "waystone.db")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		w := openSQLite(t, path)
		w.load(t, "rebase_sqlite.sql")
		return path, w
	}
}

// openSQLite opens a file as another program would, and closes it with the
// test.
func openSQLite(t testing.TB, path string) *SQLWebsite {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(0)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &SQLWebsite{DB: db, Engine: "sqlite"}
}
