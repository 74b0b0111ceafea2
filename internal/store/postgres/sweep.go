package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// sweepStatements are the statements of one sweep, in order. In those that mark
// or remove something, $1 are the ids whose persons the round did not find.
// Each statement checks that again.
type sweepStatements struct {
	anybody  string // whether there are users
	returned string // $1 now
	round    string
	mark     string // $1 ids, $2 now, $3 end of the grace
	purge    string // $1 ids, $2 now, $3 most rows
	accounts string // $1 ids
	tickets  string // $1 ids
	plays    string // $1 ids, $2 now
	attempts string // $1 ids
}

// sweepSQL builds the statements of the sweep. Ids are compared as text, so that
// one join of whole tables answers for all owners, also those with ids that no
// user can have.
func (w *website) sweepSQL() {
	user := w.user.sql()
	from := func(table, known string) string {
		return fmt.Sprintf("game.%s r LEFT JOIN %s u ON %s", table, user, w.owns("r", known))
	}
	gone := func(known string) string {
		return fmt.Sprintf("r.user_id = ANY($1::text[]) AND NOT EXISTS (SELECT 1 FROM %s u WHERE %s)", user, w.owns("r", known))
	}
	id := col(w.user, "u", "id")
	w.sweep = sweepStatements{
		anybody: "SELECT EXISTS (SELECT 1 FROM " + user + ")",
		returned: fmt.Sprintf(`
UPDATE game.character SET delete_at = NULL, sweep_delete_at = NULL, updated_at = $1, version = version + 1
WHERE id IN (SELECT r.id FROM game.character r
	WHERE r.delete_at = r.sweep_delete_at AND EXISTS (SELECT 1 FROM %s u WHERE %s)
	ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED)`, user, w.owns("r", "created_at")),
		// A newly gone person has a character without a mark, or another row
		// with a person. Rows without a person do not count: they may be of
		// users who are gone for long.
		round: fmt.Sprintf(`
SELECT count(*), count(*) FILTER (WHERE newly), COALESCE(array_agg(DISTINCT user_id) FILTER (WHERE gone), '{}')
FROM (SELECT user_id, user_created_at, bool_or(gone) AS gone, bool_or(gone AND counts) AS newly FROM (
	SELECT r.user_id, r.user_created_at, %[1]s IS NULL AS gone, r.delete_at IS NULL AS counts FROM %[2]s
	UNION ALL SELECT r.user_id, r.user_created_at, %[1]s IS NULL, r.user_created_at IS NOT NULL FROM %[3]s
	UNION ALL SELECT r.user_id, r.user_created_at, %[1]s IS NULL, r.user_created_at > '1969-12-31' FROM %[4]s
	UNION ALL SELECT r.user_id, r.user_created_at, %[1]s IS NULL, false FROM %[5]s
	UNION ALL SELECT r.user_id, r.user_created_at, %[1]s IS NULL, r.user_created_at > '1969-12-31' FROM (
		SELECT DISTINCT user_id, user_created_at FROM game.attempt WHERE user_id IS NOT NULL) r LEFT JOIN %[6]s u ON %[7]s) rows
GROUP BY 1, 2) persons`, id, from("character", "created_at"), from("account", "updated_at"),
			from("play", "lease_expires_at"), from("ticket", "expires_at"), user, w.owns("r", "user_created_at")),
		// Skips locked rows and characters that are being played. The rows are
		// locked before the play records, as in a save.
		mark: `
UPDATE game.character SET delete_at = $3, sweep_delete_at = $3, updated_at = $2::timestamptz, version = version + 1
WHERE id IN (SELECT r.id FROM game.character r
	WHERE r.delete_at IS NULL AND ` + gone("created_at") + `
	  AND NOT EXISTS (SELECT 1 FROM game.play p
		WHERE p.user_id = r.user_id AND p.play_id IS NOT NULL AND p.lease_expires_at >= $2::timestamptz
		  AND (p.character_id = r.id OR p.next_character_id = r.id AND p.token_expires_at >= $2::timestamptz))
	ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED)`,
		purge: `
DELETE FROM game.character WHERE id IN (SELECT r.id FROM game.character r
	WHERE r.delete_at = r.sweep_delete_at AND r.delete_at <= $2::timestamptz AND ` + gone("created_at") + `
	ORDER BY r.delete_at LIMIT $3 FOR UPDATE OF r SKIP LOCKED)`,
		accounts: "DELETE FROM game.account r WHERE " + gone("updated_at"),
		tickets:  "DELETE FROM game.ticket r WHERE " + gone("expires_at"),
		plays: `
WITH removed AS (
	DELETE FROM game.play r WHERE (r.play_id IS NULL OR r.lease_expires_at < $2::timestamptz) AND ` + gone("lease_expires_at") + `
	RETURNING r.generation
), kept AS (
	UPDATE game.sweep SET generation = GREATEST(generation, (SELECT max(generation) FROM removed))
	WHERE EXISTS (SELECT 1 FROM removed)
)
SELECT count(*) FROM removed`,
		// Skips locked rows, because the transaction that has locked them may
		// wait for others.
		attempts: `
DELETE FROM game.attempt WHERE ctid = ANY (ARRAY(SELECT r.ctid FROM game.attempt r WHERE ` + gone("user_created_at") + `
	FOR UPDATE OF r SKIP LOCKED))`,
	}
}

// Sweep implements store.Purger, in one transaction under a lock, so that no
// other sweep runs meanwhile.
func (s *Store) Sweep(ctx context.Context, r store.SweepRules) (store.Swept, error) {
	if err := r.Validate(); err != nil {
		return store.Swept{}, err
	}
	if err := s.WebsiteHidden(ctx); err != nil {
		return store.Swept{}, err
	}
	if err := s.adoptRows(ctx); err != nil {
		return store.Swept{}, err
	}
	var done store.Swept
	var refused error
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{BeginQuery: beginSQL}, func(tx pgx.Tx) error {
		locked, err := s.q.WithTx(tx).TryLock(ctx, sweepLock)
		if err != nil || !locked {
			return err
		}
		done, refused, err = s.sweep(ctx, tx, r)
		return err
	})
	if err != nil {
		return store.Swept{}, translate(ctx, "sweep", err)
	}
	return done, refused
}

// sweep does the work of Sweep. If it refuses to remove anything, the marks
// that it has already taken back stay so: that a user exists is certain.
func (s *Store) sweep(ctx context.Context, tx pgx.Tx, r store.SweepRules) (done store.Swept, refused, err error) {
	now, st := s.now(), &s.web.sweep
	count := func(n *int, query string, args ...any) {
		if err != nil {
			return
		}
		tag, failed := tx.Exec(ctx, query, args...)
		*n += int(tag.RowsAffected())
		err = failed
	}
	count(&done.Returned, st.returned, now)
	if err != nil {
		return done, nil, err
	}
	var newly int
	var ids []string
	if err := tx.QueryRow(ctx, st.round).Scan(&done.Persons, &newly, &ids); err != nil || len(ids) == 0 {
		return done, nil, err
	}
	var anybody bool
	if err := tx.QueryRow(ctx, st.anybody).Scan(&anybody); err != nil {
		return done, nil, err
	}
	if !anybody {
		return done, store.ErrNoUsers, nil
	}
	if refused = r.Judge(done.Persons, newly); refused != nil {
		return done, refused, nil
	}
	count(&done.Marked, st.mark, ids, now, now.Add(r.Grace))
	count(&done.Purged, st.purge, ids, now, store.MaxBatch)
	count(&done.Removed, st.accounts, ids)
	count(&done.Removed, st.tickets, ids)
	if err != nil {
		return done, nil, err
	}
	var plays int
	err = tx.QueryRow(ctx, st.plays, ids, now).Scan(&plays)
	done.Removed += plays
	count(&done.Removed, st.attempts, ids)
	return done, nil, err
}
