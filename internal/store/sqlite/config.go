package sqlite

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/siteschema"
)

// better-auth's defaults.
const (
	defaultSessionExpiresIn = 7 * 24 * time.Hour
	defaultSessionUpdateAge = 24 * time.Hour
)

// Memory is the Path of a database that lives in memory and ends with its
// Store.
const Memory = ":memory:"

// Config says which file to open and how.
type Config struct {
	// Path of the database file. If it or its folder does not exist, it is
	// created, readable by its owner only.
	Path string
	// Log gets migrations and copies; nil for none.
	Log *slog.Logger
	// Now is the clock for every decision; nil for time.Now.
	Now func() time.Time
	// SessionExpiresIn and SessionUpdateAge are the website's session.expiresIn
	// and session.updateAge. When SessionExpiresIn is 0, both take
	// better-auth's defaults of 7 days and 1 day.
	SessionExpiresIn time.Duration
	SessionUpdateAge time.Duration
	// UsernameMin and UsernameMax are the bounds of a user name at a sign-in, in
	// characters. Check compares them with the website's names; 0 means
	// better-auth's bounds.
	UsernameMin, UsernameMax int
	// Names are the website's names of tables and columns where they are not
	// better-auth's own, in camelCase or snake_case, singular or plural.
	Names siteschema.Names
	// TimeZone is that of the website's times without one, by its name in the
	// time zone database; empty for UTC.
	TimeZone string
	// TokenForm says how the website stores the tokens of sessions; empty means
	// store.TokenPlain.
	TokenForm store.TokenForm
	// NameCase says what the case of letters means in user names; empty means
	// store.NameCaseAuto.
	NameCase store.NameCase
}

// complete fills in defaults and returns the location of TimeZone.
func (c *Config) complete() (*time.Location, error) {
	if c.Path == "" {
		return nil, errors.New("sqlite: the path of the database file is empty")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SessionExpiresIn == 0 {
		c.SessionExpiresIn, c.SessionUpdateAge = defaultSessionExpiresIn, defaultSessionUpdateAge
	}
	if c.SessionUpdateAge < 0 || c.SessionExpiresIn < c.SessionUpdateAge {
		return nil, fmt.Errorf("sqlite: the session update age (%s) must be 0 to the session's life (%s)", c.SessionUpdateAge, c.SessionExpiresIn)
	}
	if c.UsernameMin == 0 {
		c.UsernameMin = store.DefaultUsernameMin
	}
	if c.UsernameMax == 0 {
		c.UsernameMax = store.DefaultUsernameMax
	}
	if c.NameCase == "" {
		c.NameCase = store.NameCaseAuto
	}
	if !slices.Contains(store.NameCases(), c.NameCase) {
		return nil, fmt.Errorf("sqlite: the case of user names is one of %q, not %q", store.NameCases(), c.NameCase)
	}
	if !c.TokenForm.Known() {
		return nil, fmt.Errorf("sqlite: session tokens are stored as one of %q, not as %q", store.TokenForms(), c.TokenForm)
	}
	zone, err := time.LoadLocation(c.TimeZone)
	if err != nil || c.TimeZone == "Local" {
		return nil, fmt.Errorf("sqlite: there is no time zone %q, which WEBSITE_TIME_ZONE names; write it as Europe/Berlin or UTC", c.TimeZone)
	}
	return zone, nil
}
