package postgres

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Classes of the advisory locks that are held while the counts of networks and
// of an account are checked and changed. Every transaction takes them in this
// order and at most one of each, so there is no deadlock. Locks of rows are not
// enough, because a count without a row cannot be locked.
const (
	widestLock  int32 = 0x77647374
	wideLock    int32 = 0x77696465
	networkLock int32 = 0x6e657477
	accountLock int32 = 0x61636374
)

// lockSQL is a statement of its own, because the snapshot of the next one has
// to be taken after the wait for the lock.
const lockSQL = `SELECT pg_advisory_xact_lock($1, $2)`

// beginAttemptSQL checks an attempt and counts it unless it has to wait. The
// counts are numbered: 1 is the account's from the address, the only one that
// applies to a known address; 2 the account's from the network, the only one that
// applies to another address of a known network; 3 the account's from everywhere;
// 4 to 6 those of the networks. Durations are milliseconds. A wait doubles at
// most 20 times: from the shortest first wait, that is more than the longest.
// Every row is found by its whole key, so the index is used even with a plan that
// was made when the table was empty. A count whose network is not given has no
// row, because every row has an account or a network.
//
// If a device is no longer known, its count begins again at 0: attempts of a known
// device are in no other count, and EndAttempt would subtract them from the others.
// A count of an account names the person: $12 and $13, null if there is none.
const beginAttemptSQL = `
WITH stored AS (
    SELECT 1 AS n, tries, tried_at, forgiven, known_until FROM game.attempt WHERE account = $1 AND network = $8 AND $8 <> ''
    UNION ALL
    SELECT 2, tries, tried_at, forgiven, known_until FROM game.attempt WHERE account = $1 AND network = $2
    UNION ALL
    SELECT 3, tries, tried_at, forgiven, NULL FROM game.attempt WHERE account = $1 AND network = ''
    UNION ALL
    SELECT 4, tries, tried_at, forgiven, NULL FROM game.attempt WHERE account = '' AND network = $2
    UNION ALL
    SELECT 5, tries, tried_at, forgiven, NULL FROM game.attempt WHERE account = '' AND network = $9
    UNION ALL
    SELECT 6, tries, tried_at, forgiven, NULL FROM game.attempt WHERE account = '' AND network = $10
), device AS (
    SELECT COALESCE(bool_or(n = 1 AND known_until > $3::timestamptz), false) AS here,
        COALESCE(bool_or(known_until > $3), false) AS known
    FROM stored
), given AS (
    SELECT * FROM unnest(ARRAY[$1::bytea, $1, $1, '', '', ''], ARRAY[$8::text, $2::text, '', $2, $9::text, $10::text],
            $4::int[], $5::bigint[], $6::bigint[], $7::bigint[])
        WITH ORDINALITY AS g (account, network, free, first, longest, memory, n)
), counted AS (
    SELECT g.*, c.tries, c.tried_at, c.forgiven,
        c.tried_at + g.memory * interval '1 ms' > $3 AND (c.known_until > $3) IS NOT FALSE AS remembered
    FROM given g LEFT JOIN stored c USING (n), device
    WHERE CASE WHEN here THEN g.n = 1
        WHEN $11::boolean THEN false
        WHEN known THEN g.n = 2
        ELSE g.n > 1 AND (g.n < 4 OR g.network <> '') END
), judged AS (
    SELECT account, network, memory,
        CASE WHEN remembered THEN tries ELSE 0 END + 1 AS tries,
        CASE WHEN remembered AND tries >= free AND NOT forgiven
            -- A clock that was ahead when the last try was counted prolongs nothing.
            THEN LEAST(longest, first << LEAST(tries - free, 20))
                + LEAST(0, round(extract(epoch FROM tried_at - $3) * 1000)::bigint)
            ELSE 0 END AS wait
    FROM counted
), written AS (
    INSERT INTO game.attempt AS a (account, network, tries, tried_at, forgiven, kept_until, user_id, user_created_at)
    SELECT account, network, tries, $3, false, $3 + memory * interval '1 ms',
        CASE WHEN account <> '' THEN $12::text END, CASE WHEN account <> '' THEN $13::timestamptz END
    FROM judged
    WHERE NOT EXISTS (SELECT 1 FROM judged WHERE wait > 0)
    ON CONFLICT (account, network) DO UPDATE SET
        tries = excluded.tries,
        tried_at = excluded.tried_at,
        forgiven = false,
        known_until = CASE WHEN a.known_until > excluded.tried_at THEN a.known_until END,
        kept_until = GREATEST(excluded.kept_until, a.known_until)
)
SELECT known, here, COALESCE(GREATEST(0, (SELECT max(wait) FROM judged)), 0) FROM device`

// sweepAttemptsSQL keeps the table small: every attempt removes a few counts
// that are over. It comes last in its transaction, so the transaction waits for
// nobody while it holds the deleted rows. It first asks whether anything is
// over. If not, it reads nothing else, with any plan.
const sweepAttemptsSQL = `
DELETE FROM game.attempt
WHERE (SELECT min(kept_until) FROM game.attempt) <= $1
  AND ctid = ANY (ARRAY(
    SELECT c.ctid FROM game.attempt c
    WHERE c.kept_until <= $1
    ORDER BY c.kept_until
    LIMIT 100
    FOR UPDATE SKIP LOCKED
))`

// The beginning of a statement that subtracts the attempts of a device from one
// other count. The whole key of that count follows.
const (
	deleteSQL = `DELETE FROM game.attempt c USING device d WHERE c.tries <= d.tries AND c.account = `
	lowerSQL  = `UPDATE game.attempt c SET tries = c.tries - d.tries, forgiven = c.forgiven OR c.tried_at <= d.tried_at
    FROM device d WHERE c.tries > d.tries AND c.account = `
)

// endAttemptSQL subtracts the attempts of a device from the counts of its
// account and its networks, and makes its address and its network known. If the
// device was known, its attempts are not in those counts, and nothing is
// subtracted. If the address was known, the attempts of neighbours stay
// counted.
const endAttemptSQL = `
WITH here AS (
    SELECT EXISTS (SELECT 1 FROM game.attempt WHERE account = $1 AND network = $5 AND $5 <> '' AND known_until > $3) AS known
), device AS (
    SELECT tries, tried_at FROM game.attempt, here
    WHERE account = $1 AND network = $2 AND known_until IS NULL AND NOT here.known
),
account_gone AS (` + deleteSQL + `$1 AND c.network = ''), account_left AS (` + lowerSQL + `$1 AND c.network = ''),
network_gone AS (` + deleteSQL + `'' AND c.network = $2), network_left AS (` + lowerSQL + `'' AND c.network = $2),
wide_gone AS (` + deleteSQL + `'' AND c.network = $6), wide_left AS (` + lowerSQL + `'' AND c.network = $6),
widest_gone AS (` + deleteSQL + `'' AND c.network = $7), widest_left AS (` + lowerSQL + `'' AND c.network = $7)
INSERT INTO game.attempt AS a (account, network, tries, tried_at, forgiven, known_until, kept_until, user_id, user_created_at)
SELECT $1, place, 0, $3, false, $4::timestamptz, $4, $8::text, $9::timestamptz FROM unnest(ARRAY[$2::text, $5::text]) AS place WHERE place <> ''
ON CONFLICT (account, network) DO UPDATE SET
    tries = CASE WHEN (SELECT known FROM here) AND a.network = $2 THEN a.tries ELSE excluded.tries END,
    tried_at = CASE WHEN (SELECT known FROM here) AND a.network = $2 THEN a.tried_at ELSE excluded.tried_at END,
    forgiven = CASE WHEN (SELECT known FROM here) AND a.network = $2 THEN a.forgiven ELSE excluded.forgiven END,
    known_until = excluded.known_until,
    kept_until = CASE WHEN (SELECT known FROM here) AND a.network = $2 THEN GREATEST(a.kept_until, excluded.kept_until) ELSE excluded.kept_until END`

// attemptBatch returns a batch that begins with the locks of an attempt. A batch
// that is sent without BEGIN is one transaction and one round trip.
func attemptBatch(a store.Attempt) *pgx.Batch {
	var batch pgx.Batch
	for _, l := range []struct {
		class   int32
		network string
	}{{widestLock, a.Widest}, {wideLock, a.Wide}, {networkLock, a.Network}} {
		if l.network == "" {
			continue
		}
		sum := fnv.New32a()
		_, _ = sum.Write([]byte(l.network))
		batch.Queue(lockSQL, l.class, int32(sum.Sum32())) //nolint:gosec // any number will do
	}
	batch.Queue(lockSQL, accountLock, int32(binary.BigEndian.Uint32(a.Account[:4]))) //nolint:gosec // any number will do
	return &batch
}

// countedAt returns an attempt with the account under which it is counted, and
// the person for the rows of its counts; nil if there is no user.
func (s *Store) countedAt(ctx context.Context, a store.Attempt) (_ store.Attempt, userID *string, created *time.Time, err error) {
	if a.UserID == "" {
		return a, nil, nil, nil
	}
	there, _, err := s.person(ctx, a.UserID)
	if err != nil {
		return a, nil, nil, err
	}
	a.Account = a.CountedAs(there)
	return a, &a.UserID, passing(there), nil
}

// BeginAttempt implements store.Attempts.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	if err := a.Validate(); err != nil {
		return store.Admission{}, err
	}
	if err := l.Validate(a); err != nil {
		return store.Admission{}, err
	}
	a, userID, created, err := s.countedAt(ctx, a)
	if err != nil {
		return store.Admission{}, err
	}
	now := s.now()
	var (
		free                   []int32
		first, longest, memory []int64
		known, here            bool
		wait                   int64
	)
	for _, one := range []store.AttemptLimit{l.Device, l.Device, l.Account, l.Network, l.Wide, l.Widest} {
		free = append(free, int32(one.Free)) //nolint:gosec // at most 100,000
		first = append(first, one.First.Milliseconds())
		longest = append(longest, one.Longest.Milliseconds())
		memory = append(memory, one.Memory.Milliseconds())
	}
	batch := attemptBatch(a)
	batch.Queue(beginAttemptSQL, a.Account[:], a.Network, now, free, first, longest, memory, a.Address, a.Wide, a.Widest, l.KnownAddressOnly,
		userID, created).
		QueryRow(func(row pgx.Row) error { return row.Scan(&known, &here, &wait) })
	batch.Queue(sweepAttemptsSQL, now)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return store.Admission{}, translate(ctx, "begin attempt", err)
	}
	return store.Admission{Wait: time.Duration(wait) * time.Millisecond, Known: known, KnownAddress: here}, nil
}

// EndAttempt implements store.Attempts.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if err := store.CheckKnownFor(knownFor); err != nil {
		return err
	}
	a, userID, created, err := s.countedAt(ctx, a)
	if err != nil {
		return err
	}
	now := s.now()
	batch := attemptBatch(a)
	batch.Queue(endAttemptSQL, a.Account[:], a.Network, now, now.Add(knownFor), a.Address, a.Wide, a.Widest, userID, created)
	return translate(ctx, "end attempt", s.pool.SendBatch(ctx, batch).Close())
}
