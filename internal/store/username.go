package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// NameCase says what the case of letters means in the website's user names.
type NameCase string

// The kinds.
const (
	// NameCaseAuto finds the user with exactly the name, otherwise the only
	// user whose name differs in case alone.
	NameCaseAuto NameCase = "auto"
	// NameCaseFold looks up names in lower case, as better-auth does.
	NameCaseFold NameCase = "fold"
	// NameCaseExact finds exact names only, as better-auth does with
	// usernameNormalization: false.
	NameCaseExact NameCase = "exact"
)

// NameCases returns all kinds; the first is the default.
func NameCases() []NameCase { return []NameCase{NameCaseAuto, NameCaseFold, NameCaseExact} }

// Of returns the rule for a kind of key: the setting is for user names; the case
// of addresses has no meaning.
func (c NameCase) Of(by UserKey) NameCase {
	if by == ByUsername && c != "" {
		return c
	}
	return NameCaseAuto
}

// Asked returns the two spellings to look for: the given one, and the same in
// lower case.
func (c NameCase) Asked(value string) (exact, folded string) {
	folded = strings.ToLower(value)
	switch c {
	case NameCaseFold:
		return folded, folded
	case NameCaseExact:
		return value, value
	case NameCaseAuto:
	}
	return value, folded
}

// MaxAlike is how many users with names that differ in case alone are read.
const MaxAlike = 11

// PickUser returns the index of the user whom value means, -1 for none. All
// users have value, in some case, as name or address. ErrNameAmbiguous if it
// could be several; the error names them.
func PickUser(users []*User, by UserKey, value string, c NameCase) (int, error) {
	rule := c.Of(by)
	exact, folded := rule.Asked(value)
	var same, alike []int
	for i, u := range users {
		name := u.Username
		if by == ByEmail {
			name = u.Email
		}
		switch {
		case name == exact:
			same = append(same, i)
		case rule == NameCaseAuto && strings.ToLower(name) == folded:
			alike = append(alike, i)
		}
	}
	if len(same) == 0 {
		same = alike
	}
	switch len(same) {
	case 0:
		return -1, nil
	case 1:
		return same[0], nil
	}
	meant := make([]*User, len(same))
	for i, at := range same {
		meant[i] = users[at]
	}
	return -1, errAmbiguous(meant)
}

// errAmbiguous is ErrNameAmbiguous with the candidates.
func errAmbiguous(users []*User) error {
	names := make([]string, 0, len(users))
	for i, u := range users {
		if i == MaxAlike-1 {
			names = append(names, "and others")
			break
		}
		name := u.Username
		if name == "" {
			name = u.Email
		}
		names = append(names, fmt.Sprintf("%q (id %s)", name, u.ID))
	}
	return ErrNameAmbiguous.With("this name could mean several users: %s; give one of these names exactly, or the id as id:ID", strings.Join(names, ", "))
}

// FindUser returns the user whom an operator names, by user name, e-mail
// address or id. With "id:" before it, the name is an id. ErrNameAmbiguous if
// it is the name of one user and the address or id of another.
func FindUser(ctx context.Context, s Users, name string) (*User, error) {
	if id, ok := strings.CutPrefix(name, "id:"); ok {
		return s.GetUser(ctx, id, Fresh)
	}
	var found []*User
	for _, get := range []func(context.Context, string, Consistency) (*User, error){s.GetUserByUsername, s.GetUserByEmail, s.GetUser} {
		u, err := get(ctx, name, Fresh)
		switch {
		case errors.Is(err, ErrUserNotFound):
		case err != nil:
			return nil, err
		case len(found) == 0 || found[0].ID != u.ID:
			found = append(found, u)
		}
	}
	switch len(found) {
	case 0:
		return nil, ErrUserNotFound
	case 1:
		return found[0], nil
	}
	return nil, errAmbiguous(found)
}
