package auth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

func ref(p *databasev1.Play) *databasev1.PlayRef {
	return &databasev1.PlayRef{PlayId: p.GetId(), Generation: p.GetGeneration()}
}

func TestKeepAliveJudgesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"dan1", "eve1", "fay1", "gus1", "hal1"} {
		w.store.users[id] = &store.User{ID: id, Username: id}
		w.store.sessions["token-"+id] = &store.Session{ID: "session-" + id, UserID: id, ExpiresAt: w.store.now.Add(time.Hour)}
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
	w.store.change(func() {
		w.store.users["ben1"].Banned = true
		delete(w.store.sessions, "token-dan1")
		// Who bans or deletes a user ends the sessions too.
		w.store.users["fay1"].Banned = true
		delete(w.store.sessions, "token-fay1")
		delete(w.store.users, "gus1")
		delete(w.store.sessions, "token-gus1")
		w.store.plays["hal1"].Closing = true
		w.store.sessions["token-eve1"].ExpiresAt = w.store.now.Add(-time.Second)
	})
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
		w.store.change(func() { w.store.now = w.store.now.Add(store.PlayLease) })
	}
	w.store.change(func() { w.store.now = w.store.now.Add(time.Millisecond) })
	if alive() {
		t.Error("a lease that ran out came back")
	}
}

func TestAStoreThatIsDownIsNoVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in, _ := w.mustLogin(t, "ada1")
	w.store.change(func() { w.store.down = store.ErrUnavailable })
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
	w.store.change(func() { w.store.users["ada1"].Banned = true })
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
