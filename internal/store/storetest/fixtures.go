package storetest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store/storetest/betterauth"
)

// FixtureUser is a user among the fixture rows and what is known of it.
type FixtureUser struct {
	Key             string           `json:"key"`
	ID              string           `json:"id"`
	Name            string           `json:"name"`
	Email           string           `json:"email"`
	EmailVerified   bool             `json:"email_verified"`
	Username        string           `json:"username"`
	DisplayUsername string           `json:"displayUsername"`
	Image           string           `json:"image"`
	Role            string           `json:"role"`
	Banned          bool             `json:"banned"`
	BanReason       string           `json:"banReason"`
	BanExpires      time.Time        `json:"banExpires"`
	CreatedAt       time.Time        `json:"createdAt"`
	HasCredential   bool             `json:"has_credential"`
	Sessions        []FixtureSession `json:"sessions"`
}

// FixtureSession is a session that better-auth made for the user.
type FixtureSession struct {
	Label          string    `json:"label"`
	ID             string    `json:"id"`
	Token          string    `json:"token"`
	State          string    `json:"state"`
	InDB           bool      `json:"in_db"`
	CreatedAt      time.Time `json:"createdAt"`
	IPAddress      string    `json:"ipAddress"`
	UserAgent      string    `json:"userAgent"`
	ImpersonatedBy string    `json:"impersonatedBy"`
}

// Fixtures returns the users among the rows of an engine, by key.
func Fixtures(t testing.TB, engine string) map[string]FixtureUser {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(betterauth.Read("credentials.json")), &all); err != nil {
		t.Fatalf("credentials.json: %v", err)
	}
	var users []FixtureUser
	if err := json.Unmarshal(all[engine], &users); err != nil {
		t.Fatalf("credentials.json, %q: %v", engine, err)
	}
	byKey := make(map[string]FixtureUser, len(users))
	for _, u := range users {
		byKey[u.Key] = u
	}
	return byKey
}

// user returns a fixture user, which has to exist.
func (e *Env) user(t testing.TB, key string) FixtureUser {
	t.Helper()
	u, ok := Fixtures(t, e.Engine)[key]
	if !ok {
		t.Fatalf("the fixtures have no user %q", key)
	}
	return u
}
