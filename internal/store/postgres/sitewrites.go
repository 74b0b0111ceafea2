package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/waystone-mmo/waystone/internal/store"
)

// CreateSession implements store.SessionWriter, in one statement.
func (s *Store) CreateSession(ctx context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	if !s.web.sessionMaking.on() {
		return nil, nil, store.ErrNoSessionsGrant
	}
	if err := n.Validate(); err != nil {
		return nil, nil, err
	}
	if !s.web.userID.holds(n.UserID) {
		return nil, nil, store.ErrUserNotFound
	}
	const op = "create session"
	now, stored := s.now(), s.web.token.Stored(n.Token)
	address := n.IPAddress
	if _, err := netip.ParseAddr(address); err != nil && s.web.session.fields["ipAddress"].address() {
		address = "" // the column takes nothing else
	}
	args := []any{n.UserID, now, stored, now.Add(n.Lifetime), address, n.UserAgent}
	if id, ours := s.web.newSessionID(); ours {
		args = append(args, id)
	}
	var r sessionRow
	var u userRow
	err := s.pool.QueryRow(ctx, s.web.createSession, args...).Scan(append(r.targets(), u.targets()...)...)
	switch {
	case errors.Is(err, pgx.ErrNoRows), foreignKeyViolation(err):
		return nil, nil, s.absent(ctx, store.ErrUserNotFound)
	case uniqueViolation(err):
		return nil, nil, s.whyTaken(ctx, op, stored, err)
	case err != nil:
		return nil, nil, translate(ctx, op, err)
	case !r.id.Valid:
		return nil, nil, store.ErrUserBanned
	}
	return r.session(), u.user(), nil
}

// whyTaken finds out whether the token is in use, or another unique value.
func (s *Store) whyTaken(ctx context.Context, op, stored string, violation error) error {
	var taken bool
	if err := s.pool.QueryRow(ctx, s.web.tokenTaken, stored).Scan(&taken); err != nil {
		return translate(ctx, op, err)
	}
	if taken {
		return store.ErrSessionTokenTaken
	}
	return translate(ctx, op, violation)
}

// RevokeSession implements store.SessionWriter.
func (s *Store) RevokeSession(ctx context.Context, token string) error {
	if !s.web.sessionEnding.on() {
		return store.ErrNoSessionsGrant
	}
	stored, ok := s.web.storedToken(token)
	if !ok {
		return nil
	}
	tag, err := s.pool.Exec(ctx, s.web.revokeSession, stored)
	if err != nil {
		return translate(ctx, "revoke session", err)
	}
	if tag.RowsAffected() == 0 && s.rows.filters.Load() {
		return s.deletable(ctx) // a session that is hidden, or that policies keep, is not gone
	}
	return nil
}

// deletable is an error while rows of sessions are hidden, or policies keep them
// from being deleted, of which a statement says nothing.
func (s *Store) deletable(ctx context.Context) error {
	tables, ours, err := s.lookAtRules(ctx)
	if err != nil {
		return err
	}
	if err := s.hidden(tables, ours); err != nil {
		return err
	}
	if t := tables["session"]; t.rules.blocks(cmdDelete) {
		return store.ErrWebsiteHidden.With("row-level security keeps the role %s from deleting rows of %s: %s",
			quote(s.web.role), t.sql(), t.mendHelp(cmdDelete, quote(s.web.role)))
	}
	return nil
}

// RedeemOneTimeToken implements store.SessionWriter, in one statement.
func (s *Store) RedeemOneTimeToken(ctx context.Context, token string) (*store.Session, *store.User, error) {
	if !s.web.oneTimeTokens.on() {
		return nil, nil, store.ErrNoOneTimeGrant
	}
	identifiers, err := store.OneTimeIdentifiers(token)
	if err != nil {
		return nil, nil, err
	}
	now := s.now()
	var r sessionRow
	var u userRow
	err = s.pool.QueryRow(ctx, s.web.redeemOneTime, identifiers, now).Scan(append(r.targets(), u.targets()...)...)
	if err != nil {
		return nil, nil, s.absent(ctx, noRows(ctx, "redeem one-time token", err, store.ErrTicketInvalid))
	}
	sess, user := r.session(), u.user()
	if err := store.JudgeRedeemed(sess, user, now); err != nil {
		return nil, nil, err
	}
	return sess, user, nil
}

// foreignKeyViolation reports whether a row that was referred to has gone.
func foreignKeyViolation(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23503"
}

// newSessionID returns an id for a session, unless the database gives one.
func (w *website) newSessionID() (id string, ours bool) {
	switch {
	case w.session.fields["id"].hasDefault:
		return "", false
	case w.sessionID == "uuid":
		return newUUID(), true
	}
	return store.NewID(), true
}

// insertedColumns are those of a session that CreateSession writes.
func (w *website) insertedColumns() []string {
	all := []string{"userId", "createdAt", "updatedAt", "token", "expiresAt", "ipAddress", "userAgent"}
	if _, ours := w.newSessionID(); ours {
		all = append(all, "id")
	}
	return all
}

// sessionSQL builds the statements that create and end a session. The user is
// returned even if no session was created because of a ban.
func (w *website) sessionSQL() {
	stored := "FROM " + w.session.sql() + " s WHERE " + w.hasToken()
	if w.sessionEnding.on() {
		w.revokeSession = "DELETE " + stored
	}
	if !w.sessionMaking.on() {
		return
	}
	w.tokenTaken = "SELECT EXISTS (SELECT 1 " + stored + ")"
	var names []string
	for _, f := range w.insertedColumns() {
		names = append(names, columnName(w.session, f))
	}
	values := []string{
		idType(w.session.fields["userId"].typ).bind(1),
		w.instantParam(w.session, "createdAt", 2), w.instantParam(w.session, "updatedAt", 2),
		w.tokenParam(3), w.instantParam(w.session, "expiresAt", 4), w.addressParam(5), w.session.fit("userAgent", "$6"),
	}
	if _, ours := w.newSessionID(); ours {
		values = append(values, w.sessionID.bind(7))
	}
	where := col(w.user, "u", "id") + " = " + w.userID.bind(1)
	w.createSession = fmt.Sprintf(`WITH made (id, owner, expires, created, updated, address, agent, impersonator) AS (
    INSERT INTO %s AS s (%s) SELECT %s FROM %s u WHERE %s%s RETURNING %s)
SELECT m.id, COALESCE(m.owner, ''), m.expires, m.created, m.updated, COALESCE(m.address, ''), COALESCE(m.agent, ''),
    COALESCE(m.impersonator, ''), %s
FROM %s u LEFT JOIN made m ON true WHERE %s`,
		w.session.sql(), strings.Join(names, ", "), strings.Join(values, ", "), w.user.sql(), where, w.notBanned(), w.sessionColumns("s"),
		w.userColumns(), w.user.sql(), where)
}

// addressParam returns parameter n, an address or empty, as a value for the column.
func (w *website) addressParam(n int) string {
	param := fmt.Sprintf("$%d", n)
	if c := w.session.fields["ipAddress"]; c.address() {
		return "NULLIF(" + param + "::text, '')::" + c.typ
	}
	return w.session.fit("ipAddress", param)
}

// oneTimeSQL builds the statement that deletes a one-time token, even an
// expired one, and finds the session of one that has not expired.
func (w *website) oneTimeSQL() {
	if !w.oneTimeTokens.on() {
		return
	}
	token := "g.value"
	hash := "sha256(convert_to(g.value, 'UTF8'))"
	switch w.token {
	case store.TokenSHA256Hex:
		token = "encode(" + hash + ", 'hex')"
	case store.TokenSHA256Base64URL:
		token = "translate(encode(" + hash + ", 'base64'), '+/=', '-_')"
	case store.TokenPlain:
	}
	tokenText := col(w.session, "s", "token")
	if w.tokenType.family() != "text" {
		tokenText += "::text"
	}
	w.redeemOneTime = fmt.Sprintf(`WITH gone (value, expires) AS (
    DELETE FROM %s v WHERE %s = ANY($1::text[]) RETURNING %s::text, %s)
SELECT %s, %s FROM gone g JOIN %s s ON %s = %s JOIN %s u ON %s = %s WHERE g.expires >= $2::timestamptz LIMIT 1`,
		w.verification.sql(), col(w.verification, "v", "identifier"), col(w.verification, "v", "value"), w.read(w.verification, "v", "expiresAt"),
		w.sessionColumns("s"), w.userColumns(), w.session.sql(), tokenText, token,
		w.user.sql(), col(w.user, "u", "id"), col(w.session, "s", "userId"))
}
