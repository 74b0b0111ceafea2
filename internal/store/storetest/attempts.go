package storetest

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func attemptTests() []test {
	return []test{
		{"TheFreeOnesGoOnThenWaitsDouble", attemptsDelay},
		{"AWaitIsExactAndOpensAtItsEnd", attemptsExact},
		{"ATryThatWaitsIsCountedNowhere", attemptsNotCounted},
		{"TheLongestOfThreeWaitsIsTold", attemptsLongest},
		{"ACountIsForgotten", attemptsMemory},
		{"ManyNetworksShutAnAccountForStrangers", attemptsAccount},
		{"OneNetworkIsShutForManyAccounts", attemptsNetwork},
		{"AKnownDeviceIsExemptFromTheFloodsOfOthers", attemptsKnown},
		{"ATryFromAKnownDeviceIsInNoOtherCount", attemptsKnownAlone},
		{"ADeviceIsKnownForATime", attemptsKnownFor},
		{"NeighboursCannotShutOutAKnownAddress", attemptsNeighbours},
		{"ANeighbourOfAKnownAddressIsNoStranger", attemptsNeighbourKnown},
		{"WiderNetworksCountTheirOwn", attemptsWider},
		{"OnlyAKnownAddressGoesOnWhenThatIsWanted", attemptsOnlyKnown},
		{"TheRightSecretLeavesNoTrace", attemptsNoTrace},
		{"TheRightSecretTakesNothingOffOthers", attemptsOthersStay},
		{"EndingTwiceIsEndingOnce", attemptsEndTwice},
		{"SignInsOfOneDeviceAtOnceLeaveNoTrace", attemptsEndTogether},
		{"LimitsMayChange", attemptsNewLimits},
		{"OfTwoHundredAtOnceTheFreeOnesGoOn", attemptsRace},
		{"TriesInACrossDoNotBlockEachOther", attemptsCross},
		{"AnotherStoreCountsOnWhenOneIsClosed", attemptsReopen},
		{"TwoStoresCountTogether", attemptsReplicas},
		{"AnythingAtAllAgreesWithTheModel", attemptsModel},
		{"BadTriesAreNamed", attemptsBounds},
	}
}

// Limits of the tests; wide ones never make anybody wait.
var (
	narrow = store.AttemptLimit{Free: 3, First: time.Second, Longest: 5 * time.Second, Memory: time.Minute}
	wide   = store.AttemptLimit{Free: 100_000, First: time.Second, Longest: time.Second, Memory: 2 * time.Hour}
)

func onDevice() store.AttemptLimits {
	return store.AttemptLimits{Device: narrow, Account: wide, Network: wide}
}

func onAccount() store.AttemptLimits {
	return store.AttemptLimits{Device: wide, Account: narrow, Network: wide}
}

func onNetwork() store.AttemptLimits {
	return store.AttemptLimits{Device: wide, Account: wide, Network: narrow}
}

// attempt is a try at an account from a network.
func attempt(account, network string) store.Attempt {
	return store.Attempt{Account: store.DigestOf(account), Network: network}
}

func try(ctx context.Context, t testing.TB, e Env, a store.Attempt, l store.AttemptLimits) store.Admission {
	t.Helper()
	return must[store.Admission](t)(e.Store.BeginAttempt(ctx, a, l))
}

func endAttempt(ctx context.Context, t testing.TB, e Env, a store.Attempt, knownFor time.Duration) {
	t.Helper()
	if err := e.Store.EndAttempt(ctx, a, knownFor); err != nil {
		t.Fatalf("EndAttempt: %v", err)
	}
}

// wantTry makes a try and wants its wait, 0 for one that goes on, from a device
// that is not known.
func wantTry(ctx context.Context, t testing.TB, e Env, what string, a store.Attempt, l store.AttemptLimits, wait time.Duration) {
	t.Helper()
	if got := try(ctx, t, e, a, l); got != (store.Admission{Wait: wait}) {
		t.Errorf("%s: got %+v, want a wait of %v from a device that is not known", what, got, wait)
	}
}

// wantTries is wantTry for n that go on.
func wantTries(ctx context.Context, t testing.TB, e Env, what string, n int, a store.Attempt, l store.AttemptLimits) {
	t.Helper()
	for i := range n {
		wantTry(ctx, t, e, fmt.Sprintf("%s, try %d", what, i+1), a, l, 0)
	}
}

func attemptsDelay(t *testing.T, e Env) {
	ctx := testContext(t)
	for name, l := range map[string]store.AttemptLimits{"device": onDevice(), "account": onAccount(), "network": onNetwork()} {
		a := attempt(name, name)
		wantTries(ctx, t, e, name, narrow.Free, a, l)
		for _, seconds := range []time.Duration{1, 2, 4, 5, 5, 5} {
			wantTry(ctx, t, e, name+", one more", a, l, seconds*time.Second)
			e.Clock.Advance(seconds * time.Second)
			wantTry(ctx, t, e, name+", after its wait", a, l, 0)
		}
	}
}

func attemptsExact(t *testing.T, e Env) {
	ctx := testContext(t)
	a, l := attempt("ada", "net"), onDevice()
	l.Device.First = 1234*time.Millisecond + 999*time.Microsecond // of which whole milliseconds count
	l.Device.Longest = 5678*time.Millisecond + 999*time.Microsecond
	wantTries(ctx, t, e, "free", narrow.Free, a, l)
	e.Clock.Advance(234 * time.Millisecond)
	wantTry(ctx, t, e, "a while later", a, l, time.Second)
	e.Clock.Advance(time.Second - time.Millisecond)
	wantTry(ctx, t, e, "just before", a, l, time.Millisecond)
	e.Clock.Advance(time.Millisecond)
	wantTry(ctx, t, e, "at the instant", a, l, 0)
	wantTry(ctx, t, e, "twice as long", a, l, 2468*time.Millisecond)
	e.Clock.Advance(2468 * time.Millisecond)
	wantTry(ctx, t, e, "the third", a, l, 0)
	e.Clock.Advance(4936 * time.Millisecond)
	wantTry(ctx, t, e, "the fourth", a, l, 0)
	wantTry(ctx, t, e, "the longest", a, l, 5678*time.Millisecond)
}

func attemptsNotCounted(t *testing.T, e Env) {
	ctx := testContext(t)
	l := onDevice()
	a := attempt("ada", "net")
	wantTries(ctx, t, e, "free", narrow.Free, a, l)
	for range 50 { // in the account's and in the network's neither
		wantTry(ctx, t, e, "hammering", a, l, time.Second)
	}
	// Both have counted the three that went on: the fourth is the last free one.
	l.Account, l.Network = narrow, narrow
	l.Account.Free, l.Network.Free = 4, 4
	wantTry(ctx, t, e, "from elsewhere", attempt("ada", "elsewhere"), l, 0)
	wantTry(ctx, t, e, "at another", attempt("bob", "net"), l, 0)
	wantTry(ctx, t, e, "from elsewhere again", attempt("ada", "elsewhere"), l, time.Second)
	// That one was not counted for its device and network either.
	l.Account, l.Device.Free = wide, 2
	wantTry(ctx, t, e, "the second from elsewhere", attempt("ada", "elsewhere"), l, 0)
}

func attemptsLongest(t *testing.T, e Env) {
	ctx := testContext(t)
	l := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow}
	l.Account.First, l.Network.First = 3*time.Second, 2*time.Second
	a := attempt("ada", "net")
	wantTries(ctx, t, e, "free", narrow.Free, a, l)
	wantTry(ctx, t, e, "all three are shut", a, l, 3*time.Second)
	wantTry(ctx, t, e, "the network is", attempt("bob", "net"), l, 2*time.Second)
	e.Clock.Advance(2500 * time.Millisecond)
	wantTry(ctx, t, e, "the account is", a, l, 500*time.Millisecond)
}

func attemptsMemory(t *testing.T, e Env) {
	ctx := testContext(t)
	for name, l := range map[string]store.AttemptLimits{"device": onDevice(), "account": onAccount(), "network": onNetwork()} {
		a := attempt(name, name)
		wantTries(ctx, t, e, name, 2, a, l)
		e.Clock.Advance(narrow.Memory - time.Millisecond)
		wantTry(ctx, t, e, name+", just remembered", a, l, 0) // and from here anew
		e.Clock.Advance(narrow.Memory - time.Millisecond)
		wantTry(ctx, t, e, name+", the wait is over long ago", a, l, 0)
		wantTry(ctx, t, e, name+", but the count goes on", a, l, 2*time.Second)
		e.Clock.Advance(narrow.Memory)
		wantTries(ctx, t, e, name+", forgotten", narrow.Free, a, l)
		wantTry(ctx, t, e, name+", and once more", a, l, time.Second)
	}
}

func attemptsAccount(t *testing.T, e Env) {
	ctx := testContext(t)
	for i := range narrow.Free {
		wantTry(ctx, t, e, "from network "+strconv.Itoa(i), attempt("ada", "net-"+strconv.Itoa(i)), onAccount(), 0)
	}
	wantTry(ctx, t, e, "from one more", attempt("ada", "another"), onAccount(), time.Second)
	wantTry(ctx, t, e, "at another account", attempt("bob", "another"), onAccount(), 0)
	// A name that the website knows is counted as one that nobody has.
	wantTries(ctx, t, e, "a known name", narrow.Free, attempt(e.user(t, "spaces").Username, "net"), onAccount())
	wantTry(ctx, t, e, "a known name", attempt(e.user(t, "spaces").Username, "net"), onAccount(), time.Second)
}

func attemptsNetwork(t *testing.T, e Env) {
	ctx := testContext(t)
	for i := range narrow.Free {
		wantTry(ctx, t, e, "at account "+strconv.Itoa(i), attempt("account-"+strconv.Itoa(i), "net"), onNetwork(), 0)
	}
	wantTry(ctx, t, e, "at one more", attempt("another", "net"), onNetwork(), time.Second)
	wantTry(ctx, t, e, "from another network", attempt("another", "net2"), onNetwork(), 0)
}

// flood shuts an account and a network for strangers.
func flood(ctx context.Context, t *testing.T, e Env, account, network string, l store.AttemptLimits) {
	t.Helper()
	for i := range narrow.Free + 1 {
		try(ctx, t, e, attempt(account, "flood-"+strconv.Itoa(i)), l)
		try(ctx, t, e, attempt("flood-"+strconv.Itoa(i), network), l)
	}
	if try(ctx, t, e, attempt(account, "stranger"), l).Wait == 0 || try(ctx, t, e, attempt("stranger", network), l).Wait == 0 {
		t.Error("the flood shut nothing")
	}
}

func attemptsKnown(t *testing.T, e Env) {
	ctx := testContext(t)
	all := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow}
	home := attempt("ada", "home")
	wantTry(ctx, t, e, "the first time", home, all, 0)
	endAttempt(ctx, t, e, home, time.Hour)
	flood(ctx, t, e, "ada", "home", all)
	for i := range narrow.Free {
		if got := try(ctx, t, e, home, all); got != (store.Admission{Known: true}) {
			t.Errorf("try %d of the owner: %+v", i+1, got)
		}
	}
	// The owner's own tries do count.
	if got := try(ctx, t, e, home, all); got != (store.Admission{Wait: time.Second, Known: true}) {
		t.Errorf("one more of the owner: %+v", got)
	}
	endAttempt(ctx, t, e, home, time.Hour)
	if got := try(ctx, t, e, home, all); got != (store.Admission{Known: true}) {
		t.Errorf("after the owner has signed in: %+v", got)
	}
}

func attemptsKnownAlone(t *testing.T, e Env) {
	ctx := testContext(t)
	l := store.AttemptLimits{Device: wide, Account: narrow, Network: narrow}
	home := attempt("ada", "home")
	endAttempt(ctx, t, e, home, time.Hour)
	for range 10 {
		if got := try(ctx, t, e, home, l); got != (store.Admission{Known: true}) {
			t.Fatalf("a known device: %+v", got)
		}
	}
	wantTries(ctx, t, e, "from elsewhere", narrow.Free, attempt("ada", "elsewhere"), l)
	wantTries(ctx, t, e, "at another", narrow.Free, attempt("bob", "home"), l)
	// And EndAttempt takes the device's tries off no count that they are not in.
	endAttempt(ctx, t, e, home, time.Hour)
	wantTry(ctx, t, e, "from elsewhere after the owner", attempt("ada", "elsewhere"), l, time.Second)
	wantTry(ctx, t, e, "at another after the owner", attempt("bob", "home"), l, time.Second)
}

func attemptsKnownFor(t *testing.T, e Env) {
	ctx := testContext(t)
	l := onDevice()
	home := attempt("ada", "home")
	endAttempt(ctx, t, e, home, time.Hour)
	if got := try(ctx, t, e, attempt("ada", "elsewhere"), l); got.Known {
		t.Error("another network is known too")
	}
	if got := try(ctx, t, e, attempt("bob", "home"), l); got.Known {
		t.Error("another account is known too")
	}
	e.Clock.Advance(time.Hour - time.Millisecond)
	for range narrow.Free {
		if got := try(ctx, t, e, home, l); !got.Known {
			t.Error("forgotten before its time; the memory of tries is shorter and must not matter")
		}
	}
	e.Clock.Advance(time.Millisecond)
	wantTries(ctx, t, e, "as any stranger", narrow.Free, home, l)
	wantTry(ctx, t, e, "as any stranger", home, l, time.Second)
	// A sign-in that was begun while known and ended after takes nothing off.
	l = onAccount()
	l.Account.Free = 1
	away := attempt("bob", "away")
	endAttempt(ctx, t, e, away, time.Second)
	try(ctx, t, e, away, l)
	wantTry(ctx, t, e, "a stranger", attempt("bob", "stranger"), l, 0)
	e.Clock.Advance(999 * time.Millisecond)
	try(ctx, t, e, away, l) // known to the last
	e.Clock.Advance(time.Millisecond)
	endAttempt(ctx, t, e, away, time.Hour)
	try(ctx, t, e, attempt("bob", "stranger"), l)
	wantTry(ctx, t, e, "the stranger's tries are still counted", attempt("bob", "stranger"), l, 2*time.Second)
}

// at is attempt from an address, with networks around its own.
func at(account, address, network, wide, widest string) store.Attempt {
	return store.Attempt{Account: store.DigestOf(account), Address: address, Network: network, Wide: wide, Widest: widest}
}

func attemptsNeighbours(t *testing.T, e Env) {
	ctx := testContext(t)
	all := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow, Wide: narrow, Widest: narrow}
	owner, neighbour := at("ada", "host-7", "net", "wide", "widest"), at("ada", "host-9", "net", "wide", "widest")
	wantTry(ctx, t, e, "the first time", owner, all, 0)
	endAttempt(ctx, t, e, owner, time.Hour)
	for round := range 3 {
		for try(ctx, t, e, neighbour, all).Wait == 0 { // until it has to wait
			continue
		}
		for i := range narrow.Free {
			if got := try(ctx, t, e, owner, all); got != (store.Admission{Known: true, KnownAddress: true}) {
				t.Errorf("round %d, try %d of the owner: %+v", round, i+1, got)
			}
		}
		endAttempt(ctx, t, e, owner, time.Hour)
		// The owner's right secret gives the neighbour nothing.
		if got := try(ctx, t, e, neighbour, all); got.Wait == 0 || got.KnownAddress {
			t.Errorf("round %d, the neighbour afterwards: %+v", round, got)
		}
	}
	// The owner's own tries do count.
	for range narrow.Free {
		try(ctx, t, e, owner, all)
	}
	if got := try(ctx, t, e, owner, all); got != (store.Admission{Wait: time.Second, Known: true, KnownAddress: true}) {
		t.Errorf("one more of the owner: %+v", got)
	}
}

func attemptsNeighbourKnown(t *testing.T, e Env) {
	ctx := testContext(t)
	all := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow}
	endAttempt(ctx, t, e, at("ada", "host-7", "home", "", ""), time.Hour)
	flood(ctx, t, e, "ada", "home", all)
	away := at("ada", "host-8", "home", "", "")
	if got := try(ctx, t, e, away, all); got != (store.Admission{Known: true}) {
		t.Errorf("the owner at another address of the network: %+v", got)
	}
	endAttempt(ctx, t, e, away, 2*time.Hour)
	if got := try(ctx, t, e, away, all); got != (store.Admission{Known: true, KnownAddress: true}) {
		t.Errorf("the same once more: %+v", got)
	}
	e.Clock.Advance(time.Hour)
	if got := try(ctx, t, e, at("ada", "host-7", "home", "", ""), all); got != (store.Admission{Known: true}) {
		t.Errorf("the first address when its time is over: %+v", got)
	}
}

func attemptsWider(t *testing.T, e Env) {
	ctx := testContext(t)
	for name, c := range map[string]struct {
		limits store.AttemptLimits
		of     func(i int) store.Attempt
	}{
		"wide": {store.AttemptLimits{Device: wide, Account: wide, Network: wide, Wide: narrow, Widest: wide}, func(i int) store.Attempt {
			return at("w"+strconv.Itoa(i), "w-host-"+strconv.Itoa(i), "w-net-"+strconv.Itoa(i), "w-wide", "w-widest")
		}},
		"widest": {store.AttemptLimits{Device: wide, Account: wide, Network: wide, Wide: wide, Widest: narrow}, func(i int) store.Attempt {
			return at("x"+strconv.Itoa(i), "x-host-"+strconv.Itoa(i), "x-net-"+strconv.Itoa(i), "x-wide-"+strconv.Itoa(i), "x-widest")
		}},
	} {
		for i := range narrow.Free {
			wantTry(ctx, t, e, name, c.of(i), c.limits, 0)
		}
		wantTry(ctx, t, e, name+", one more", c.of(narrow.Free), c.limits, time.Second)
		// The right secret is taken off this count too.
		endAttempt(ctx, t, e, c.of(0), time.Hour)
		wantTry(ctx, t, e, name+", after a right one", c.of(narrow.Free), c.limits, 0)
		wantTry(ctx, t, e, name+", and again", c.of(narrow.Free+1), c.limits, time.Second)
		if got := try(ctx, t, e, c.of(0), c.limits); got != (store.Admission{Known: true, KnownAddress: true}) {
			t.Errorf("%s: a known address is shut out: %+v", name, got)
		}
		if n := goneOn(t, 60, func(i int) (store.Admission, error) {
			a := c.of(i + 10)
			a.Wide, a.Widest = name+a.Wide, name+a.Widest
			return e.Store.BeginAttempt(ctx, a, c.limits)
		}); n != narrow.Free {
			t.Errorf("%s: %d of 60 at once went on, want %d", name, n, narrow.Free)
		}
	}
}

func attemptsOnlyKnown(t *testing.T, e Env) {
	ctx := testContext(t)
	l := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow, KnownAddressOnly: true}
	known, neighbour := at("ada", "host-7", "net", "", ""), at("ada", "host-9", "net", "", "")
	for range 2 * narrow.Free {
		wantTry(ctx, t, e, "a stranger", neighbour, l, 0)
	}
	endAttempt(ctx, t, e, known, time.Hour)
	for range 2 * narrow.Free {
		if got := try(ctx, t, e, neighbour, l); got != (store.Admission{Known: true}) {
			t.Errorf("a neighbour: %+v", got)
		}
	}
	for range narrow.Free {
		if got := try(ctx, t, e, known, l); got != (store.Admission{Known: true, KnownAddress: true}) {
			t.Errorf("the owner: %+v", got)
		}
	}
	if got := try(ctx, t, e, known, l); got.Wait != time.Second {
		t.Errorf("one more of the owner: %+v", got)
	}
	// None of the others was counted.
	l.KnownAddressOnly = false
	for range narrow.Free {
		if got := try(ctx, t, e, neighbour, l); got != (store.Admission{Known: true}) {
			t.Errorf("a neighbour then: %+v", got)
		}
	}
	if got := try(ctx, t, e, neighbour, l); got.Wait != time.Second {
		t.Errorf("one more of the neighbour: %+v", got)
	}
}

func attemptsNoTrace(t *testing.T, e Env) {
	ctx := testContext(t)
	all := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow}
	// More sign-ins than are free, from one network and at one account.
	for i := range 3 * narrow.Free {
		for _, a := range []store.Attempt{attempt("ada", "net-"+strconv.Itoa(i)), attempt("account-"+strconv.Itoa(i), "net")} {
			wantTries(ctx, t, e, "before the right one", narrow.Free, a, all)
			endAttempt(ctx, t, e, a, time.Hour)
		}
	}
	wantTries(ctx, t, e, "a stranger at the account", narrow.Free, attempt("ada", "stranger"), all)
	wantTries(ctx, t, e, "a stranger in the network", narrow.Free, attempt("stranger", "net"), all)
}

func attemptsOthersStay(t *testing.T, e Env) {
	ctx := testContext(t)
	l := onAccount()
	wantTries(ctx, t, e, "a stranger", narrow.Free, attempt("ada", "stranger"), l)
	e.Clock.Advance(time.Second)
	home := attempt("ada", "home")
	wantTry(ctx, t, e, "the owner", home, l, 0)
	wantTry(ctx, t, e, "a stranger while the owner signs in", attempt("ada", "stranger"), l, 2*time.Second)
	endAttempt(ctx, t, e, home, time.Hour)
	// The wait that the owner began is gone, the stranger's tries are not.
	wantTry(ctx, t, e, "a stranger after the owner", attempt("ada", "stranger"), l, 0)
	wantTry(ctx, t, e, "a stranger again", attempt("ada", "stranger"), l, 2*time.Second)
	// A wait that a stranger began while the owner signed in stays.
	e.Clock.Advance(2 * time.Second)
	away := attempt("ada", "away")
	wantTry(ctx, t, e, "the owner, away", away, l, 0)
	e.Clock.Advance(4 * time.Second)
	wantTry(ctx, t, e, "a stranger in between", attempt("ada", "stranger"), l, 0)
	endAttempt(ctx, t, e, away, time.Hour)
	wantTry(ctx, t, e, "a stranger in the end", attempt("ada", "stranger"), l, 4*time.Second)
}

func attemptsEndTwice(t *testing.T, e Env) {
	ctx := testContext(t)
	l := onAccount()
	wantTry(ctx, t, e, "a stranger", attempt("ada", "stranger"), l, 0)
	wantTry(ctx, t, e, "the owner", attempt("ada", "home"), l, 0)
	for range 3 {
		endAttempt(ctx, t, e, attempt("ada", "home"), time.Hour)
	}
	wantTries(ctx, t, e, "a stranger", narrow.Free-1, attempt("ada", "stranger"), l)
	wantTry(ctx, t, e, "a stranger", attempt("ada", "stranger"), l, time.Second)
}

func attemptsEndTogether(t *testing.T, e Env) {
	ctx := testContext(t)
	all := store.AttemptLimits{Device: narrow, Account: narrow, Network: narrow}
	home := attempt("ada", "home")
	wantTries(ctx, t, e, "begun", narrow.Free, home, all)
	for i, err := range race(narrow.Free, func(int) error { return e.Store.EndAttempt(ctx, home, time.Hour) }) {
		if err != nil {
			t.Errorf("end %d: %v", i, err)
		}
	}
	wantTries(ctx, t, e, "at the account", narrow.Free, attempt("ada", "stranger"), all)
	wantTries(ctx, t, e, "in the network", narrow.Free, attempt("stranger", "home"), all)
}

func attemptsNewLimits(t *testing.T, e Env) {
	ctx := testContext(t)
	a, l := attempt("ada", "net"), onDevice()
	wantTries(ctx, t, e, "free", narrow.Free, a, l)
	l.Device.Free, l.Device.First = 1, 800*time.Millisecond
	wantTry(ctx, t, e, "with fewer free", a, l, 3200*time.Millisecond)
	l.Device.Free = 4
	wantTry(ctx, t, e, "with more free", a, l, 0)
	// However many there were, the wait is the longest.
	wantTries(ctx, t, e, "with all free", 60, a, store.AttemptLimits{Device: wide, Account: wide, Network: wide})
	day := store.AttemptLimit{Free: 1, First: 100 * time.Millisecond, Longest: 24 * time.Hour, Memory: 24 * time.Hour}
	wantTry(ctx, t, e, "with few free", a, store.AttemptLimits{Device: day, Account: wide, Network: wide}, 24*time.Hour)
}

// goneOn makes tries at once and returns how many went on.
func goneOn(t *testing.T, n int, begin func(i int) (store.Admission, error)) int {
	t.Helper()
	var on atomic.Int64
	for i, err := range race(n, func(i int) error {
		got, err := begin(i)
		if err == nil && got.Wait == 0 {
			on.Add(1)
		}
		return err
	}) {
		if err != nil {
			t.Errorf("try %d of %d: %v", i, n, err)
		}
	}
	return int(on.Load())
}

func attemptsRace(t *testing.T, e Env) {
	ctx := testContext(t)
	for name, c := range map[string]struct {
		limits store.AttemptLimits
		of     func(i int) store.Attempt
	}{
		"one device":  {onDevice(), func(int) store.Attempt { return attempt("ada", "net") }},
		"one account": {onAccount(), func(i int) store.Attempt { return attempt("bob", "net-"+strconv.Itoa(i)) }},
		"one network": {onNetwork(), func(i int) store.Attempt { return attempt("account-"+strconv.Itoa(i), "one") }},
	} {
		if n := goneOn(t, 200, func(i int) (store.Admission, error) {
			return e.Store.BeginAttempt(ctx, c.of(i), c.limits)
		}); n != narrow.Free {
			t.Errorf("%s: %d of 200 went on, want %d", name, n, narrow.Free)
		}
	}
}

func attemptsCross(t *testing.T, e Env) {
	ctx := testContext(t)
	all := store.AttemptLimits{Device: wide, Account: wide, Network: wide}
	for i, err := range race(60, func(i int) error {
		a := attempt("account-"+strconv.Itoa(i%3), "net-"+strconv.Itoa(i/3%3))
		if _, err := e.Store.BeginAttempt(ctx, a, all); err != nil {
			return err
		}
		if i%2 == 0 {
			return nil
		}
		return e.Store.EndAttempt(ctx, a, time.Hour)
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
}

// another opens a second store on the same data.
func another(t *testing.T, e Env) store.Store {
	t.Helper()
	if e.Another == nil {
		t.Skip("no second store can be opened on the same data")
	}
	return e.Another(t)
}

func attemptsReopen(t *testing.T, e Env) {
	ctx := testContext(t)
	l := onAccount()
	wantTries(ctx, t, e, "before", narrow.Free, attempt("ada", "net"), l)
	endAttempt(ctx, t, e, attempt("bob", "home"), time.Hour)
	if err := e.Store.Close(); err != nil {
		t.Fatal(err)
	}
	e.Store = another(t, e)
	wantTry(ctx, t, e, "after", attempt("ada", "elsewhere"), l, time.Second)
	if got := try(ctx, t, e, attempt("bob", "home"), l); !got.Known {
		t.Error("a device is not known any more")
	}
}

func attemptsReplicas(t *testing.T, e Env) {
	ctx := testContext(t)
	stores := []store.Store{e.Store, another(t, e)}
	if n := goneOn(t, 100, func(i int) (store.Admission, error) {
		return stores[i%2].BeginAttempt(ctx, attempt("ada", "net-"+strconv.Itoa(i)), onAccount())
	}); n != narrow.Free {
		t.Errorf("%d went on, want %d of both together", n, narrow.Free)
	}
}

func attemptsBounds(t *testing.T, e Env) {
	ctx := testContext(t)
	field := func(what string, err error, want string) {
		t.Helper()
		wantKind(t, what, err, errs.InvalidArgument)
		if err := errs.Of(err); err != nil && err.Field != want {
			t.Errorf("%s: names %q, want %q", what, err.Field, want)
		}
	}
	begin := func(a store.Attempt, edit func(*store.AttemptLimits)) error {
		l := onDevice()
		edit(&l)
		_, err := e.Store.BeginAttempt(ctx, a, l)
		return err
	}
	a := attempt("ada", "net")
	field("no network", begin(attempt("ada", ""), func(*store.AttemptLimits) {}), "network")
	field("none free", begin(a, func(l *store.AttemptLimits) { l.Device.Free = 0 }), "device_limit.free")
	field("fewer than none", begin(a, func(l *store.AttemptLimits) { l.Network.Free = -1 }), "network_limit.free")
	field("too many free", begin(a, func(l *store.AttemptLimits) { l.Account.Free = 100_001 }), "account_limit.free")
	field("a short wait", begin(a, func(l *store.AttemptLimits) { l.Account.First = time.Millisecond }), "account_limit.first")
	field("the longest below the first", begin(a, func(l *store.AttemptLimits) { l.Device.First = time.Minute }), "device_limit.longest")
	field("a memory below the longest", begin(a, func(l *store.AttemptLimits) { l.Network.Memory = l.Network.Longest - 1 }), "network_limit.memory")
	field("ended from no network", e.Store.EndAttempt(ctx, attempt("ada", ""), time.Hour), "network")
	for _, d := range []time.Duration{0, -time.Second, store.MaxDeviceMemory + time.Second} {
		field("known for "+d.String(), e.Store.EndAttempt(ctx, a, d), "known_for")
	}
	endAttempt(ctx, t, e, a, store.MaxDeviceMemory)
	if got := try(ctx, t, e, a, onDevice()); !got.Known {
		t.Error("the longest time is too long")
	}
	// All zeros are a digest like any other.
	wantTry(ctx, t, e, "an account of zeros", store.Attempt{Network: "net"}, onDevice(), 0)
}
