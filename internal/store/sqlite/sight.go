package sqlite

import (
	"context"
	"fmt"
	"regexp"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// ownersLooked is how many users with characters are looked for in the
// website's table.
const ownersLooked = 1000

// leavesOut finds in the text of a view words that may mean that the view
// leaves rows out.
var leavesOut = regexp.MustCompile(`(?i)\b(where|join|limit|distinct|group|having|intersect|except)\b`)

// WebsiteHealth returns an error while many rows of the website seem to be
// missing, for example if a table is half restored.
func (s *Store) WebsiteHealth(ctx context.Context) error {
	var c store.UserCount
	//nolint:gosec // names out of the schema, quoted
	query := fmt.Sprintf(`WITH owner (id) AS (SELECT DISTINCT user_id FROM game_character WHERE delete_at IS NULL ORDER BY user_id LIMIT %d)
SELECT (SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d)), count(*), count(*) FILTER (WHERE NOT EXISTS (
    SELECT 1 FROM %s u WHERE %s = owner.id)) FROM owner`,
		ownersLooked, s.web.user.sql(), store.MaxUserCount, s.web.user.sql(), s.web.user.col("u", "id"))
	if err := s.reads.QueryRowContext(ctx, query).Scan(&c.Users, &c.Owners, &c.Missing); err != nil {
		return s.fail(ctx, "count the website's users", err)
	}
	return s.users.Judge(s.web.user.sql(), c)
}

// WebsiteHidden is called before a user who is not found counts as gone. It
// returns an error if the table of users is a view that may leave some out.
func (s *Store) WebsiteHidden(ctx context.Context) error {
	text, err := s.doubt(ctx)
	if err == nil && text != "" {
		err = store.ErrWebsiteHidden.With("%s", text)
	}
	return err
}

// doubt returns why the table of users may not show all users; "" if it does.
func (s *Store) doubt(ctx context.Context) (string, error) {
	views, err := texts(ctx, s.reads, `SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?`, s.web.user.name)
	if err != nil || len(views) == 0 || !leavesOut.MatchString(views[0]) {
		return "", s.fail(ctx, "look at the website's tables", err)
	}
	return fmt.Sprintf("%s is a view that may leave rows out: to have characters of users who are gone marked, name the table itself in %s=user=NAME",
		s.web.user.sql(), siteschema.TablesSetting), nil
}
