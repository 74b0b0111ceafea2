package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

func ref(p *databasev1.Play) *databasev1.PlayRef {
	return &databasev1.PlayRef{PlayId: p.GetId(), Generation: p.GetGeneration()}
}

func TestKeepAliveJudgesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"dan1", "eve1", "fay1", "gus1", "hal1"} {
		w.store.addUser(id, id)
	}
	sign := func(id string) *databasev1.PlayRef {
		in, _ := w.mustLogin(t, id)
		return ref(in.GetPlay())
	}
	former, _ := w.mustLogin(t, "cleo-0001")
	w.end(t, former.GetPlay())
	gone := &databasev1.PlayRef{PlayId: "no such play", Generation: 1}
	taken := ref(former.GetPlay())
	refs := []*databasev1.PlayRef{gone, sign("ada1"), sign("ben1"), taken, sign("cleo-0001"), sign("dan1"), sign("eve1"), sign("fay1"), sign("gus1"), sign("hal1")}
	site := w.store.site
	site.Ban(t, "ben1", time.Time{})
	site.DeleteSession(t, "session-dan1")
	site.SetExpiry(t, "session-eve1", w.store.clock.Now().Add(-time.Second))
	// A ban or a deletion of a user ends the sessions too.
	site.Ban(t, "fay1", time.Time{})
	site.DeleteSession(t, "session-fay1")
	site.DeleteUser(t, "gus1")
	w.store.closePlay("hal1")
	resp, err := w.KeepAlive(t.Context(), &authv1.KeepAliveRequest{Plays: refs})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range resp.GetVerdicts() {
		if v.GetAlive() != (v.GetReason() == "") {
			t.Errorf("verdict %v", v)
		}
		got = append(got, v.GetReason())
	}
	if diff := cmp.Diff([]string{"PLAY_NOT_FOUND", "", "USER_BANNED", "PLAY_NOT_FOUND", "", "SESSION_NOT_FOUND", "SESSION_EXPIRED", "USER_BANNED", "USER_NOT_FOUND", "PLAY_CLOSING"}, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestKeepAliveRenews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, _ := w.mustLogin(t, "ada1")
	alive := func() bool {
		t.Helper()
		resp, err := w.KeepAlive(t.Context(), &authv1.KeepAliveRequest{Plays: []*databasev1.PlayRef{ref(in.GetPlay())}})
		if err != nil {
			t.Fatal(err)
		}
		return resp.GetVerdicts()[0].GetAlive()
	}
	for range 20 {
		if !alive() {
			t.Fatal("a play that was renewed in time died")
		}
		w.store.clock.Advance(store.PlayLease)
	}
	w.store.clock.Advance(time.Millisecond)
	if !alive() {
		t.Error("a lease that ran out, of a play that nobody took over, was not taken up again")
	}
	w.store.clock.Advance(store.PlayLease + time.Millisecond)
	w.mustLogin(t, "ada1")
	if alive() {
		t.Error("a play that was taken over came back")
	}
}

func TestAStoreThatIsDownIsNoVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, _ := w.mustLogin(t, "ada1")
	w.store.down(store.ErrUnavailable)
	resp, err := w.KeepAlive(t.Context(), &authv1.KeepAliveRequest{Plays: []*databasev1.PlayRef{ref(in.GetPlay())}})
	want(t, "KeepAlive", err, store.ErrUnavailable)
	if len(resp.GetVerdicts()) != 0 {
		t.Errorf("verdicts %v", resp.GetVerdicts())
	}
}

func TestEndPlay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, _ := w.mustLogin(t, "ada1")
	w.end(t, old.GetPlay())
	in, _ := w.mustLogin(t, "ada1")
	for range 2 { // an old reference does nothing, and neither does a repeat
		if _, err := w.EndPlay(t.Context(), &authv1.EndPlayRequest{Play: ref(old.GetPlay())}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.handOver(t, in.GetPlay(), toWorld, ""); err != nil {
		t.Errorf("the newer record: %v", err)
	}
	if _, err := w.EndPlay(t.Context(), &authv1.EndPlayRequest{Play: ref(in.GetPlay())}); err != nil {
		t.Fatal(err)
	}
	_, err := w.handOver(t, in.GetPlay(), toWorld, "")
	want(t, "after the end", err, store.ErrPlayNotFound)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	checked, err := w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: "token-ada1"})
	if err != nil {
		t.Fatal(err)
	}
	if checked.GetSession().GetId() != "session-ada1" || checked.GetUser().GetId() != "ada1" {
		t.Errorf("checked: %v", checked)
	}
	longer, err := w.RefreshSession(t.Context(), &authv1.RefreshSessionRequest{Token: "token-ada1"})
	if err != nil {
		t.Fatal(err)
	}
	if !longer.GetSession().GetExpiresAt().AsTime().After(checked.GetSession().GetExpiresAt().AsTime()) || longer.GetUser().GetId() != "ada1" {
		t.Errorf("refreshed: %v", longer)
	}
	w.store.site.Ban(t, "ada1", time.Time{})
	for _, c := range []struct {
		token string
		want  error
	}{{"token-ada1", store.ErrUserBanned}, {"no such token", store.ErrSessionNotFound}} {
		_, err := w.CheckSession(t.Context(), &authv1.CheckSessionRequest{Token: c.token})
		want(t, "check "+c.token, err, c.want)
		_, err = w.RefreshSession(t.Context(), &authv1.RefreshSessionRequest{Token: c.token})
		want(t, "refresh "+c.token, err, c.want)
	}
}

func (w *world) keepAlive(t testing.TB, refresh bool, plays ...*databasev1.Play) []string {
	t.Helper()
	req := &authv1.KeepAliveRequest{Refresh: refresh}
	for _, p := range plays {
		req.Plays = append(req.Plays, ref(p))
	}
	resp, err := w.KeepAlive(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, v := range resp.GetVerdicts() {
		reasons = append(reasons, v.GetReason())
	}
	return reasons
}

// TestKeepAliveProlongsTheSessionsOfThoseInPlay, where it is asked to, and where
// they are due and live; and it does so before it judges.
func TestKeepAliveProlongsTheSessionsOfThoseInPlay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.store.clock.Now()
	w.store.clock.Advance(time.Minute)
	now := w.store.clock.Now()
	ends := func(id string) (at, written time.Time) {
		s := w.store.session("token-" + id)
		return s.ExpiresAt, s.UpdatedAt
	}
	var plays []*databasev1.Play
	for _, id := range []string{"ada1", "ben1", "cleo-0001"} {
		in, _ := w.mustLogin(t, id)
		plays = append(plays, in.GetPlay())
	}
	w.store.site.SetExpiry(t, "session-ada1", now) // its last instant
	w.store.site.SetExpiry(t, "session-ben1", now.Add(6*24*time.Hour+time.Second))
	w.store.site.SetExpiry(t, "session-cleo-0001", now.Add(-time.Second))
	w.store.takeCalls()
	alive := []string{"", "", "SESSION_EXPIRED"}
	if diff := cmp.Diff(alive, w.keepAlive(t, false, plays...)); diff != "" {
		t.Errorf("not asked to prolong, verdicts (-want +got):\n%s", diff)
	}
	if at, _ := ends("ada1"); !at.Equal(now) {
		t.Errorf("not asked to prolong, and one ends at %v", at)
	}
	if diff := cmp.Diff(alive, w.keepAlive(t, true, plays...)); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"RenewPlays", "CheckSessions", "RenewPlays", "RefreshSessions", "CheckSessions"}, w.store.takeCalls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if at, written := ends("ada1"); !at.Equal(now.Add(7*24*time.Hour)) || !written.Equal(now) {
		t.Errorf("the one that is due ends at %v and was written at %v", at, written)
	}
	if at, written := ends("ben1"); !at.Equal(now.Add(6*24*time.Hour+time.Second)) || !written.Equal(made) {
		t.Errorf("the one that is not due ends at %v and was written at %v", at, written)
	}
	if at, written := ends("cleo-0001"); !at.Equal(now.Add(-time.Second)) || !written.Equal(made) {
		t.Errorf("the one that is over ends at %v and was written at %v", at, written)
	}
}

// TestAPlayWithoutASessionHasNothingToProlong, nor has one that is to end.
func TestAPlayWithoutASessionHasNothingToProlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, err := w.login(t, "ada", auth.ClientForm(secret), home)
	if err != nil {
		t.Fatal(err)
	}
	ben, _ := w.mustLogin(t, "ben1")
	w.store.closePlay("ben1")
	w.store.takeCalls()
	if diff := cmp.Diff([]string{"", "PLAY_CLOSING"}, w.keepAlive(t, true, in.GetPlay(), ben.GetPlay())); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"RenewPlays", "CheckSessions"}, w.store.takeCalls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestSessionsThatCannotBeProlongedEndNothing.
func TestSessionsThatCannotBeProlongedEndNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, _ := w.mustLogin(t, "ada1")
	w.store.On(faultstore.RefreshSessions, faultstore.Fail(store.ErrUnavailable))
	if diff := cmp.Diff([]string{""}, w.keepAlive(t, true, in.GetPlay())); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if !strings.Contains(w.log.String(), "could not be prolonged") {
		t.Error("the log says nothing of it")
	}
}

// TestAChangedPasswordEndsThePlay: the website's password for every way to sign
// in, the game password for players who signed in with it.
func TestAChangedPasswordEndsThePlay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		byGamePassword bool
		change         func(s *testStore)
		want           string
	}{
		"the website's": {false, func(s *testStore) { s.site.SetPassword(s.t, "ada1", "another") }, "PASSWORD_CHANGED"},
		"the website's, with the sessions": {false, func(s *testStore) {
			s.site.SetPassword(s.t, "ada1", "another")
			s.site.DeleteSession(s.t, "session-ada1")
		}, "PASSWORD_CHANGED"},
		"the website's, came by the game's": {true, func(s *testStore) { s.site.SetPassword(s.t, "ada1", "another") }, "PASSWORD_CHANGED"},
		"the website's, taken away":         {false, func(s *testStore) { s.site.DeleteAccounts(s.t, "ada1") }, "PASSWORD_CHANGED"},
		"the game's": {true, func(s *testStore) {
			s.setAccount(store.GameAccount{UserID: "ada1", PasswordHash: "x"})
		}, "PASSWORD_CHANGED"},
		"the game's, taken away":     {true, func(s *testStore) { s.setAccount(store.GameAccount{UserID: "ada1"}) }, "PASSWORD_CHANGED"},
		"the game's, came by ticket": {false, func(s *testStore) { s.setAccount(store.GameAccount{UserID: "ada1"}) }, ""},
		"another user's":             {true, func(s *testStore) { s.site.AddAccount(s.t, "ben1", "credential", "ben1", "first") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			secret := auth.ClientForm(secret)
			if !c.byGamePassword {
				secret = w.ticket(t, "ada1", true).GetTicket()
			}
			in, err := w.login(t, "ada", secret, home)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{""}, w.keepAlive(t, false, in.GetPlay())); diff != "" {
				t.Errorf("before (-want +got):\n%s", diff)
			}
			c.change(w.store)
			if diff := cmp.Diff([]string{c.want}, w.keepAlive(t, false, in.GetPlay())); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAGamePasswordThatIsChangedDuringTheWait: the sign-in waits for an earlier
// one to end; what it was let in by is no password any more when it is.
func TestAGamePasswordThatIsChangedDuringTheWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, _ := w.mustLogin(t, "ada1")
	answers := w.store.answers(faultstore.BeginPlay)
	in := make(chan *authv1.LoginResponse, 1)
	go func() {
		resp, err := w.Login(t.Context(), &authv1.LoginRequest{UserName: "ada", Secret: auth.ClientForm(secret), Address: home})
		if err != nil {
			t.Error(err)
		}
		in <- resp
	}()
	want(t, "a try while the earlier play goes on", <-answers, store.ErrPlayClosing)
	if _, err := w.SetGamePassword(t.Context(), &authv1.SetGamePasswordRequest{UserId: "ada1", Password: "another password", CurrentPassword: secret, Address: home}); err != nil {
		t.Fatal(err)
	}
	w.end(t, old.GetPlay())
	resp := <-in
	if resp == nil {
		t.FailNow()
	}
	if diff := cmp.Diff([]string{"PASSWORD_CHANGED"}, w.keepAlive(t, false, resp.GetPlay())); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}
