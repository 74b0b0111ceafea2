package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// rowSecurity decides what connections do about rows that row-level security
// hides from the role. Normally the server raises an error instead of leaving
// rows out, so that hidden users do not count as gone. If policies show the role
// all rows, that error would come too. Then the connections filter, and every
// answer that a row does not exist is checked (absent).
type rowSecurity struct {
	filters atomic.Bool
	// refused: a pooler does not accept the parameter.
	refused atomic.Bool
}

// prepare sets up a connection that is about to be made.
func (r *rowSecurity) prepare(_ context.Context, c *pgx.ConnConfig) error {
	delete(c.RuntimeParams, "row_security")
	if !r.filters.Load() {
		c.RuntimeParams["row_security"] = "off"
	}
	return nil
}

// refuse goes on without the parameter. It reports whether this is the first
// time.
func (r *rowSecurity) refuse(err error) bool {
	if !violatesProtocol(err) || r.refused.Swap(true) {
		return false
	}
	r.filters.Store(true)
	return true
}

// follow makes connections filter if policies show the role all rows of the
// website and of our own tables, and raise an error otherwise. It reports
// whether that has changed.
func (r *rowSecurity) follow(tables, ours []*table) (changed bool) {
	if r.refused.Load() {
		return false
	}
	filters := false
	for _, t := range tables {
		filters = filters || t != nil && t.rules.active && !t.rules.blocks(cmdSelect)
	}
	filters = filters && !slices.ContainsFunc(ours, (*table).keptFromUs)
	return r.filters.Swap(filters) != filters
}

// tables returns those of the website, each with the name of its model.
func (w *website) tables() map[string]*table {
	all := map[string]*table{"user": w.user, "session": w.session, "account": w.account}
	if w.verification != nil {
		all["verification"] = w.verification
	}
	return all
}

// ourTables are those of the schema "game" whose rows say that something exists.
func ourTables() (list []*table) {
	for _, name := range []string{"account", "attempt", "character", "item", "play", "sweep", "ticket"} {
		list = append(list, &table{schema: "game", name: name})
	}
	return list
}

// keptFromUs reports whether row-level security keeps rows of a table of ours from
// the role.
func (t *table) keptFromUs() bool {
	return t.rules.blocks(cmdSelect) || t.rules.blocks(cmdUpdate) || t.rules.blocks(cmdDelete)
}

// oursHidden names those of our tables of which rows are kept from the role.
func (s *Store) oursHidden(ours []*table) (all []string) {
	for _, t := range ours {
		if t.keptFromUs() {
			all = append(all, fmt.Sprintf("row-level security keeps rows of %s from the role %s, which would count as gone: "+
				"as the owner of the table ALTER TABLE %s DISABLE ROW LEVEL SECURITY", t.sql(), quote(s.web.role), t.sql()))
		}
	}
	return all
}

// oursShown is an error at the start while rows of our tables are kept from the role.
func (s *Store) oursShown(ctx context.Context) error {
	ours := ourTables()
	if err := readRules(ctx, s.pool, ours); err != nil {
		return err
	}
	if all := s.oursHidden(ours); len(all) > 0 {
		return errConfig(strings.Join(all, "; "))
	}
	return nil
}

// lookAtRules reads the present rules of the website's tables and of ours, and
// sets up the connections for them.
func (s *Store) lookAtRules(ctx context.Context) (tables map[string]*table, ours []*table, err error) {
	tables, ours = s.web.tables(), ourTables()
	list := make([]*table, 0, len(tables))
	for model, t := range tables {
		now := *t // the result of the start stays unchanged
		tables[model] = &now
		list = append(list, &now)
	}
	if err := readRules(ctx, s.pool, slices.Concat(list, ours)); err != nil {
		return nil, nil, err
	}
	if s.rows.follow(list, ours) {
		s.pool.Reset()
	}
	return tables, ours, nil
}

// absent checks an answer that a row does not exist; err is the error that says
// so, or nil. On connections that filter rows, the answer is valid only while no
// rows are hidden.
func (s *Store) absent(ctx context.Context, err error) error {
	if !s.rows.filters.Load() || err != nil && !isAbsence(err) {
		return err
	}
	if hidden := s.nothingHidden(ctx); hidden != nil {
		return hidden
	}
	return err
}

// noRows is noRows for a statement on our tables.
func (s *Store) noRows(ctx context.Context, op string, err error, sentinel *errs.Error) error {
	if errors.Is(err, pgx.ErrNoRows) && s.rows.filters.Load() {
		if err := s.nothingHidden(ctx); err != nil {
			return err
		}
	}
	return noRows(ctx, op, err, sentinel)
}

// isAbsence reports whether an error says that a row of the website does not
// exist.
func isAbsence(err error) bool {
	switch errs.ReasonOf(err) {
	case store.ErrUserNotFound.Reason, store.ErrSessionNotFound.Reason, store.ErrPasswordChanged.Reason, store.ErrTicketInvalid.Reason:
		return true
	}
	return false
}

// nothingHidden returns an error if row-level security hides rows, or if that
// cannot be found out.
func (s *Store) nothingHidden(ctx context.Context) error {
	tables, ours, err := s.lookAtRules(ctx)
	if err != nil {
		return err
	}
	return s.hidden(tables, ours)
}

// hidden returns an error that names the tables with hidden rows.
func (s *Store) hidden(tables map[string]*table, ours []*table) error {
	all := s.oursHidden(ours)
	for _, m := range siteschema.Models() {
		if t := tables[m.Name]; t != nil {
			if text := t.hidden(quote(s.web.role)); text != "" {
				all = append(all, text)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return store.ErrWebsiteHidden.With("%s", strings.Join(all, "; "))
}

// WebsiteHealth returns an error, with what repairs it, while rows of the
// website are hidden from the role or many seem to be missing.
func (s *Store) WebsiteHealth(ctx context.Context) error {
	tables, ours, err := s.lookAtRules(ctx)
	if err != nil {
		return err
	}
	if err := s.hidden(tables, ours); err != nil {
		return err
	}
	if err := s.probe(ctx); err != nil {
		return err
	}
	return s.judgeCount(ctx)
}

// WebsiteHidden is called before a user who is not found counts as gone. It returns
// an error while rows are hidden, or if the table of users is of a kind that may
// not show all users. It does not look at how many are missing: the sweep decides
// about that.
func (s *Store) WebsiteHidden(ctx context.Context) error {
	if err := s.nothingHidden(ctx); err != nil {
		return err
	}
	if err := s.probe(ctx); err != nil {
		return err
	}
	text, err := s.doubt(ctx)
	if err == nil && text != "" {
		err = store.ErrWebsiteHidden.With("%s", text)
	}
	return err
}

// doubt returns why the table of users may not show all users; "" if it does.
func (s *Store) doubt(ctx context.Context) (string, error) {
	user := *s.web.user
	if err := readRules(ctx, s.pool, []*table{&user}); err != nil {
		return "", err
	}
	return user.doubt(siteschema.User().Name, siteschema.TablesSetting), nil
}

// sightLines reports whether all rows are visible.
func (s *Store) sightLines(ctx context.Context) (lines []store.ReportLine, err error) {
	const object = "rows of the website"
	switch err := s.WebsiteHealth(ctx); {
	case errs.ReasonOf(err) == store.ErrWebsiteHidden.Reason:
		lines = append(lines, store.ReportLine{Object: object, Detail: errs.Of(err).Msg})
	case err != nil:
		return nil, err
	}
	text, err := s.doubt(ctx)
	switch {
	case err != nil:
		return nil, err
	case text != "":
		lines = append(lines, store.ReportLine{Object: object, OK: true, Warning: true, Detail: "nobody who is not found counts as gone: " + text})
	case len(lines) == 0:
		lines = append(lines, store.ReportLine{Object: object, OK: true, Detail: "none are hidden from the role"})
	}
	return lines, nil
}

// warn logs what an operator should know about the website's rows.
func (s *Store) warn(ctx context.Context) error {
	lines, err := s.sightLines(ctx)
	if err != nil {
		return err
	}
	names, err := s.nameLines(ctx)
	for _, l := range append(lines, names...) {
		if l.Warning || !l.OK {
			s.log.WarnContext(ctx, "the website's tables are not as is best", "what", l.Object, "found", l.Detail)
		}
	}
	return err
}

// probe runs a query that returns no row on each table that is read. It fails for
// causes that the catalog does not show: a view whose own tables are hidden, or a
// revoked grant.
func (s *Store) probe(ctx context.Context) error {
	var batch pgx.Batch
	batch.Queue("SELECT FROM ("+s.web.listUsers+") probe LIMIT 0", 1)
	batch.Queue("SELECT FROM ("+s.web.getSession+") probe LIMIT 0", nil)
	return translate(ctx, "look at the website's rows", s.pool.SendBatch(ctx, &batch).Close())
}

// ownersLooked is how many users with characters are looked for in the
// website's table.
const ownersLooked = 1000

// judgeCount compares the number of users with the former number, and with the
// number of users who have characters.
func (s *Store) judgeCount(ctx context.Context) error {
	c, err := s.count(ctx)
	if err != nil {
		return err
	}
	if err := s.lookAtNames(ctx, c.Users); err != nil {
		return err
	}
	return s.users.Judge(s.web.user.sql(), c)
}

func (s *Store) count(ctx context.Context) (c store.UserCount, err error) {
	user := s.web.user.sql()
	query := fmt.Sprintf(`WITH owner (id) AS (SELECT DISTINCT user_id FROM game.character WHERE delete_at IS NULL ORDER BY user_id LIMIT %d)
SELECT (SELECT count(*) FROM (SELECT FROM %s LIMIT %d) u), count(owner.id), count(owner.id) FILTER (WHERE there.id IS NULL)
FROM owner LEFT JOIN (SELECT %s::text AS id FROM %s u) there ON there.id = owner.id`,
		ownersLooked, user, store.MaxUserCount, col(s.web.user, "u", "id"), user)
	err = s.pool.QueryRow(ctx, query).Scan(&c.Users, &c.Owners, &c.Missing)
	return c, translate(ctx, "count the website's users", err)
}
