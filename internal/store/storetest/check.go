package storetest

import (
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func checkTests() []test {
	return []test{
		{"JudgesAMixtureInOrder", checkMixture},
		{"FollowsTheClockAndTheWebsite", checkFollows},
		{"TakesAThousandAndNoMore", checkLimit},
		{"NothingToJudge", checkEmpty},
	}
}

func checkMixture(t *testing.T, e Env) {
	ctx := testContext(t)
	users := Fixtures(t, e.Engine)
	spaces, bjorn, banned := users["spaces"], users["bjorn"], users["banned_live"]
	alive, _ := e.addSession(t, spaces.ID, e.Clock.Now())
	over, _ := e.addSession(t, spaces.ID, e.Clock.Now().Add(-time.Millisecond))
	ofBanned, _ := e.addSession(t, banned.ID, e.Clock.Now().Add(time.Hour))
	subjects := []store.SessionSubject{
		{SessionID: over, UserID: spaces.ID},
		{SessionID: alive, UserID: spaces.ID},
		{UserID: banned.ID},
		{SessionID: "nothing", UserID: spaces.ID},
		{UserID: spaces.ID},
		{SessionID: ofBanned, UserID: banned.ID},
		{UserID: "nobody"},
		{SessionID: alive, UserID: spaces.ID}, // twice is no harm
		{SessionID: alive, UserID: bjorn.ID},  // the session of another user
		{SessionID: "' OR 1=1 --", UserID: `"; DROP TABLE session; --`},
		{UserID: users["nfkc"].ID},
	}
	want := []error{
		store.ErrSessionExpired, nil, store.ErrUserBanned, store.ErrSessionNotFound, nil, store.ErrUserBanned,
		store.ErrUserNotFound, nil, store.ErrSessionNotFound, store.ErrSessionNotFound, store.ErrUserBanned,
	}
	got := must[[]error](t)(e.Store.CheckSessions(ctx, subjects))
	if len(got) != len(want) {
		t.Fatalf("%d verdicts for %d subjects", len(got), len(want))
	}
	for i := range want {
		wantErr(t, "verdict "+strconv.Itoa(i), got[i], want[i])
	}
}

func checkFollows(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	id, token := e.addSession(t, u.ID, e.Clock.Now().Add(time.Minute))
	subjects := []store.SessionSubject{{SessionID: id, UserID: u.ID}, {UserID: u.ID}}
	step := func(what string, session, user error) {
		t.Helper()
		got := must[[]error](t)(e.Store.CheckSessions(ctx, subjects))
		wantErr(t, what+", session", got[0], session)
		wantErr(t, what+", user alone", got[1], user)
	}
	getSession(ctx, t, e.Store, token, store.Cached) // in a cache, if there is one

	// Never from a cache: what the website wrote counts at once.
	step("as made", nil, nil)
	e.Website.Ban(t, u.ID, e.Clock.Now().Add(time.Second))
	step("banned", store.ErrUserBanned, store.ErrUserBanned)
	e.Clock.Advance(1001 * time.Millisecond)
	step("the ban has ended", nil, nil)
	e.Website.SetExpiry(t, id, e.Clock.Now().Add(-time.Millisecond))
	step("expired", store.ErrSessionExpired, nil)
	e.Website.DeleteUser(t, u.ID)
	step("user deleted", store.ErrSessionNotFound, store.ErrUserNotFound)
}

func checkLimit(t *testing.T, e Env) {
	ctx := testContext(t)
	u := e.user(t, "spaces")
	subjects := make([]store.SessionSubject, store.MaxBatch)
	for i := range subjects {
		subjects[i].UserID = u.ID
		if i%2 == 1 {
			subjects[i].UserID = "nobody-" + strconv.Itoa(i)
		}
	}
	got := must[[]error](t)(e.Store.CheckSessions(ctx, subjects))
	if len(got) != len(subjects) {
		t.Fatalf("%d verdicts for %d subjects", len(got), len(subjects))
	}
	for i, err := range got {
		var want error
		if i%2 == 1 {
			want = store.ErrUserNotFound
		}
		wantErr(t, "verdict "+strconv.Itoa(i), err, want)
	}
	_, err := e.Store.CheckSessions(ctx, append(subjects, store.SessionSubject{UserID: u.ID}))
	wantKind(t, "one subject more", err, errs.InvalidArgument)
}

func checkEmpty(t *testing.T, e Env) {
	got, err := e.Store.CheckSessions(testContext(t), nil)
	if err != nil || len(got) != 0 {
		t.Errorf("got %v, %v; want nothing", got, err)
	}
}
