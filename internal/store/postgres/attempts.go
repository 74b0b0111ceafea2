package postgres

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/store"
)

// Classes of the advisory locks that are held while the counts of a network and
// of an account are judged and changed. Every transaction takes them in this
// order and one of each, so none waits for another in a circle. Locks of rows
// would not do: counts that are not there yet have none.
const (
	networkLock int32 = 0x6e657477
	accountLock int32 = 0x61636374
)

// lockSQL is a statement of its own because the snapshot of the next one has to
// be taken after the wait.
const lockSQL = `SELECT pg_advisory_xact_lock($1, $2)`

// beginAttemptSQL judges a try and counts it unless it has to wait. The first
// of the counts given is the device's, and the only one that a known device is
// held against. Durations are milliseconds. No limit doubles more often than 20
// times: from the shortest first wait, that is beyond the longest.
//
// A device that is not known any more begins anew: what was counted while it was
// known is in no other count, and EndAttempt takes what the device has off the
// others.
const beginAttemptSQL = `
WITH given AS (
    SELECT g.*, c.tries, c.tried_at, c.forgiven, c.known_until
    FROM unnest($1::bytea[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::bigint[])
        WITH ORDINALITY AS g (account, network, free, first, longest, memory, n)
    LEFT JOIN game.attempt c USING (account, network)
), device AS (
    SELECT COALESCE(known_until > $7, false) AS known FROM given WHERE n = 1
), counted AS (
    SELECT given.*,
        tried_at + memory * interval '1 ms' > $7 AND (known_until > $7) IS NOT FALSE AS remembered
    FROM given, device
    WHERE n = 1 OR NOT known
), judged AS (
    SELECT account, network, memory,
        CASE WHEN remembered THEN tries ELSE 0 END + 1 AS tries,
        CASE WHEN remembered AND tries >= free AND NOT forgiven
            THEN LEAST(longest, first << LEAST(tries - free, 20))
                + LEAST(0, round(extract(epoch FROM tried_at - $7) * 1000)::bigint)
            ELSE 0 END AS wait
    FROM counted
), written AS (
    INSERT INTO game.attempt AS a (account, network, tries, tried_at, forgiven, kept_until)
    SELECT account, network, tries, $7, false, $7 + memory * interval '1 ms'
    FROM judged
    WHERE NOT EXISTS (SELECT 1 FROM judged WHERE wait > 0)
    ON CONFLICT (account, network) DO UPDATE SET
        tries = excluded.tries,
        tried_at = excluded.tried_at,
        forgiven = false,
        known_until = CASE WHEN a.known_until > excluded.tried_at THEN a.known_until END,
        kept_until = GREATEST(excluded.kept_until, a.known_until)
)
SELECT known, GREATEST(0, (SELECT max(wait) FROM judged)) FROM device`

// sweepAttemptsSQL keeps the table small: every try sweeps a few counts that are
// over. It comes last in its transaction, which then waits for nobody while it
// holds what it deletes.
const sweepAttemptsSQL = `
DELETE FROM game.attempt WHERE (account, network) IN (
    SELECT c.account, c.network FROM game.attempt c
    WHERE c.kept_until <= $1
    ORDER BY c.kept_until
    LIMIT 100
    FOR UPDATE SKIP LOCKED
)`

// endAttemptSQL takes the tries of a device off the counts of its account and
// its network, unless it was known and they are not in them, and makes the
// device known.
const endAttemptSQL = `
WITH device AS (
    SELECT tries, tried_at FROM game.attempt WHERE account = $1 AND network = $2 AND known_until IS NULL
), others AS (
    SELECT c.account, c.network, c.tries - d.tries AS tries, c.forgiven OR c.tried_at <= d.tried_at AS forgiven
    FROM device d, game.attempt c
    WHERE c.account = $1 AND c.network = '' OR c.account = '' AND c.network = $2
), reduced AS (
    UPDATE game.attempt c SET tries = o.tries, forgiven = o.forgiven
    FROM others o WHERE c.account = o.account AND c.network = o.network AND o.tries > 0
), gone AS (
    DELETE FROM game.attempt c
    USING others o WHERE c.account = o.account AND c.network = o.network AND o.tries <= 0
)
INSERT INTO game.attempt (account, network, tries, tried_at, forgiven, known_until, kept_until)
VALUES ($1, $2, 0, $3, false, $4, $4)
ON CONFLICT (account, network) DO UPDATE SET
    tries = excluded.tries,
    tried_at = excluded.tried_at,
    forgiven = excluded.forgiven,
    known_until = excluded.known_until,
    kept_until = excluded.kept_until`

// attemptBatch returns a batch that begins with the locks of a try. A batch that
// is sent without BEGIN is one transaction and one round trip.
func attemptBatch(a store.Attempt) *pgx.Batch {
	network := fnv.New32a()
	_, _ = network.Write([]byte(a.Network))
	var batch pgx.Batch
	batch.Queue(lockSQL, networkLock, int32(network.Sum32()))                        //nolint:gosec // any number will do
	batch.Queue(lockSQL, accountLock, int32(binary.BigEndian.Uint32(a.Account[:4]))) //nolint:gosec // any number will do
	return &batch
}

// BeginAttempt implements store.Attempts.
func (s *Store) BeginAttempt(ctx context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	if err := a.Validate(); err != nil {
		return store.Admission{}, err
	}
	if err := l.Validate(); err != nil {
		return store.Admission{}, err
	}
	now := s.now()
	var (
		free                   []int32
		first, longest, memory []int64
		known                  bool
		wait                   int64
	)
	for _, one := range []store.AttemptLimit{l.Device, l.Account, l.Network} {
		free = append(free, int32(one.Free)) //nolint:gosec // at most 100,000
		first = append(first, one.First.Milliseconds())
		longest = append(longest, one.Longest.Milliseconds())
		memory = append(memory, one.Memory.Milliseconds())
	}
	batch := attemptBatch(a)
	batch.Queue(beginAttemptSQL,
		[][]byte{a.Account[:], a.Account[:], {}}, []string{a.Network, "", a.Network}, free, first, longest, memory, now,
	).QueryRow(func(row pgx.Row) error { return row.Scan(&known, &wait) })
	batch.Queue(sweepAttemptsSQL, now)
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return store.Admission{}, translate(ctx, "begin attempt", err)
	}
	return store.Admission{Wait: time.Duration(wait) * time.Millisecond, Known: known}, nil
}

// EndAttempt implements store.Attempts.
func (s *Store) EndAttempt(ctx context.Context, a store.Attempt, knownFor time.Duration) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if err := store.CheckKnownFor(knownFor); err != nil {
		return err
	}
	now := s.now()
	batch := attemptBatch(a)
	batch.Queue(endAttemptSQL, a.Account[:], a.Network, now, now.Add(knownFor))
	return translate(ctx, "end attempt", s.pool.SendBatch(ctx, batch).Close())
}
