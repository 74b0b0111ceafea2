package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// The website's session settings that the stores under test are opened with:
// better-auth's defaults.
const (
	SessionExpiresIn = 7 * 24 * time.Hour
	SessionUpdateAge = 24 * time.Hour
)

// Harness tells the suite how to open the store under test.
type Harness struct {
	// Open returns a store over the fixture rows, with no rows of ours. It
	// closes what it opened by t.Cleanup. Tests run in parallel: no two
	// environments may share anything.
	Open func(t testing.TB) Env
	// Skip maps a category to the reason why it does not apply. It is printed;
	// an unknown category fails the test.
	Skip map[string]string
}

// Env is a store under test and what is around it.
type Env struct {
	// Engine selects the fixture rows: "sqlite" or "postgres".
	Engine string
	Store  store.Store
	// Another opens one more store on the same data, with the same clock, and
	// closes it by t.Cleanup; nil when that cannot be done.
	Another func(t testing.TB) store.Store
	// Purger is the engine's own; of a store that is not an engine, that of
	// the engine behind it.
	Purger store.Purger
	// Clock is the store's clock.
	Clock *Clock
	// Website changes the website's rows behind the store's back.
	Website Website
	// SettleReads makes the next cached read see what the website wrote; nil
	// when every read does.
	SettleReads func()
}

// settle is called after every write of the website.
func (e *Env) settle() {
	if e.SettleReads != nil {
		e.SettleReads()
	}
}

// test is one outcome that the contract promises.
type test struct {
	name string
	run  func(t *testing.T, e Env)
}

// category groups tests by noun.
type category struct {
	name  string
	tests []test
}

func categories() []category {
	return []category{
		{"users", userTests()},
		{"sessions", sessionTests()},
		{"check_sessions", checkTests()},
		{"refresh_session", refreshTests()},
		{"refresh_sessions", refreshManyTests()},
		{"characters", characterTests()},
		{"deletion", deletionTests()},
		{"sweeps", sweepTests()},
		{"persons", personTests()},
		{"saves", saveTests()},
		{"items", itemTests()},
		{"hotbars", hotbarTests()},
		{"trades", tradeTests()},
		{"game_accounts", accountTests()},
		{"credentials", credentialTests()},
		{"site_sessions", siteSessionTests()},
		{"one_time_tokens", oneTimeTests()},
		{"tickets", ticketTests()},
		{"plays", playTests()},
		{"hand_over", handOverTests()},
		{"passwords", passwordTests()},
		{"attempts", attemptTests()},
		{"contexts", contextTests()},
		{"closed", closedTests()},
	}
}

// Run checks the whole contract. Categories: users, sessions, check_sessions,
// refresh_session, refresh_sessions, characters, deletion, sweeps, persons, saves,
// items, hotbars, trades, game_accounts, credentials, site_sessions, one_time_tokens, tickets, plays,
// hand_over, passwords, attempts, contexts, closed.
func Run(t *testing.T, h Harness) {
	t.Helper()
	all := categories()
	for name := range h.Skip {
		if !slices.ContainsFunc(all, func(c category) bool { return c.name == name }) {
			t.Errorf("storetest: Skip names %q, which is no category", name)
		}
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if reason, ok := h.Skip[c.name]; ok {
				if reason == "" {
					t.Fatal("storetest: Skip gives no reason")
				}
				t.Skip(reason)
			}
			for _, tt := range c.tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					tt.run(t, h.Open(t))
				})
			}
		})
	}
}

// testContext ends a test that hangs long before the whole run times out.
func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}
