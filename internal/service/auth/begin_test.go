package auth_test

import (
	"context"
	"testing"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// TestASignInWaitsForTheEndOfTheOneBefore, asking again as long as it lives.
func TestASignInWaitsForTheEndOfTheOneBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	former, _ := w.mustLogin(t, "ada1")
	ticket := w.ticket(t, "ada1", true)
	answers := w.store.answers(faultstore.BeginPlay)
	type outcome struct {
		resp *authv1.LoginResponse
		err  error
	}
	got := make(chan outcome, 1)
	go func() {
		resp, err := w.Login(context.Background(), &authv1.LoginRequest{UserName: ticket.GetUserName(), Secret: ticket.GetTicket(), Address: home})
		got <- outcome{resp, err}
	}()
	for range 3 {
		want(t, "a try while the earlier record lives", <-answers, store.ErrPlayClosing)
	}
	select {
	case o := <-got:
		t.Fatalf("answered while the earlier record lives: %v, %v", o.resp, o.err)
	default:
	}
	w.end(t, former.GetPlay())
	o := <-got
	if o.err != nil {
		t.Fatal(o.err)
	}
	if g := o.resp.GetPlay().GetGeneration(); g != former.GetPlay().GetGeneration()+1 {
		t.Errorf("generation %d after %d", g, former.GetPlay().GetGeneration())
	}
}

// TestASignInDoesNotWaitForEver: the one before is held longer than may be, or
// the sign-in has no more time.
func TestASignInDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.part.SetClosingWait(100 * time.Millisecond)
	w.mustLogin(t, "ada1")
	ticket := w.ticket(t, "ada1", true)
	_, err := w.login(t, ticket.GetUserName(), ticket.GetTicket(), home)
	want(t, "a sign-in that waited too long", err, store.ErrPlayClosing)

	w.part.SetClosingWait(time.Hour)
	ticket = w.ticket(t, "ada1", true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := w.Login(ctx, &authv1.LoginRequest{UserName: ticket.GetUserName(), Secret: ticket.GetTicket(), Address: home}); err == nil {
		t.Error("a sign-in whose time was over got in")
	}
	if auth.ClosingWait <= store.PlayClosingLimit {
		t.Errorf("a sign-in waits %v, and a record can be held against it for %v", auth.ClosingWait, store.PlayClosingLimit)
	}
}

// TestALeaseThatRunsOutLetsTheNextIn: nobody has to end what a dead gateway held.
func TestALeaseThatRunsOutLetsTheNextIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	former, _ := w.mustLogin(t, "ada1")
	lease := former.GetPlay().GetLeaseExpiresAt().AsTime()
	w.store.clock.Advance(lease.Sub(w.store.clock.Now()) + time.Millisecond)
	next, _ := w.mustLogin(t, "ada1")
	if at := next.GetPlay().GetLeaseExpiresAt().AsTime(); !at.After(lease) {
		t.Errorf("the lease ends at %v, and the one before at %v", at, lease)
	}
}
