package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

const day = 24 * time.Hour

func TestAttemptsNameTheFieldAtFault(t *testing.T) {
	t.Parallel()
	network := func(text string) error { return (&store.Attempt{Network: text}).Validate() }
	// limits are the lowest that there are, but for what edit changes in one.
	limits := func(edit func(*store.AttemptLimits)) error {
		low := store.AttemptLimit{Free: 1, First: 100 * time.Millisecond, Longest: 100 * time.Millisecond, Memory: time.Second}
		l := store.AttemptLimits{Device: low, Account: low, Network: low}
		edit(&l)
		return l.Validate(store.Attempt{})
	}
	long := strings.Repeat("f", store.MaxNetworkLength+1)
	one := store.AttemptLimit{Free: 1, First: time.Second, Longest: time.Second, Memory: time.Second}
	low := store.AttemptLimits{Device: one, Account: one, Network: one}
	high := store.AttemptLimit{Free: 100_000, First: time.Hour, Longest: day, Memory: 30 * day}
	for _, c := range []struct {
		what  string
		err   error
		field string // empty: valid
	}{
		{"shortest network", network("1"), ""},
		{"longest network", network(strings.Repeat("f", store.MaxNetworkLength)), ""},
		{"no network", network(""), "network"},
		{"long network", network(strings.Repeat("f", store.MaxNetworkLength+1)), "network"},
		{"control character", network("a\x00"), "network"},
		{"all places", (&store.Attempt{Address: "a", Network: "b", Wide: "c", Widest: "d"}).Validate(), ""},
		{"the address for the network", (&store.Attempt{Address: "a", Network: "a"}).Validate(), "network"},
		{"one network for two", (&store.Attempt{Network: "a", Wide: "b", Widest: "b"}).Validate(), "network"},
		{"long address", (&store.Attempt{Address: long, Network: "1"}).Validate(), "address"},
		{"long wide network", (&store.Attempt{Wide: long, Network: "1"}).Validate(), "wide_network"},
		{"long widest network", (&store.Attempt{Widest: long, Network: "1"}).Validate(), "widest_network"},
		{"no limit of a wide network", (&low).Validate(store.Attempt{Wide: "w"}), "wide_limit.free"},
		{"no limit of the widest", (&low).Validate(store.Attempt{Widest: "w"}), "widest_limit.free"},
		{"lowest limits", limits(func(*store.AttemptLimits) {}), ""},
		{"highest limits", (&store.AttemptLimits{Device: high, Account: high, Network: high}).Validate(store.Attempt{}), ""},
		{"none free", limits(func(l *store.AttemptLimits) { l.Device.Free = 0 }), "device_limit.free"},
		{"too many free", limits(func(l *store.AttemptLimits) { l.Account.Free = 100_001 }), "account_limit.free"},
		{"first too short", limits(func(l *store.AttemptLimits) { l.Network.First-- }), "network_limit.first"},
		{"first too long", limits(func(l *store.AttemptLimits) { l.Device.First = time.Hour + 1 }), "device_limit.first"},
		{"longest below first", limits(func(l *store.AttemptLimits) { l.Account.Longest-- }), "account_limit.longest"},
		{"longest too long", limits(func(l *store.AttemptLimits) { l.Network.Longest = day + 1 }), "network_limit.longest"},
		{"memory too short", limits(func(l *store.AttemptLimits) { l.Device.Memory-- }), "device_limit.memory"},
		{"memory below longest", limits(func(l *store.AttemptLimits) { l.Account.Longest = time.Minute }), "account_limit.memory"},
		{"memory too long", limits(func(l *store.AttemptLimits) { l.Network.Memory = 30*day + 1 }), "network_limit.memory"},
		{"known shortest", store.CheckKnownFor(time.Second), ""},
		{"known longest", store.CheckKnownFor(store.MaxDeviceMemory), ""},
		{"known too short", store.CheckKnownFor(time.Second - 1), "known_for"},
		{"known too long", store.CheckKnownFor(store.MaxDeviceMemory + 1), "known_for"},
	} {
		switch {
		case c.field == "" && c.err != nil:
			t.Errorf("%s: got %v, want it to be valid", c.what, c.err)
		case c.field != "" && (errs.KindOf(c.err) != errs.InvalidArgument || errs.Of(c.err).Field != c.field):
			t.Errorf("%s: got %v, want an invalid %s", c.what, c.err, c.field)
		}
	}
}

func TestDelayDoublesUpToTheLongest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, longest time.Duration
		want           []time.Duration // after 1, 2, 3, ... tries, of which 3 are free
	}{
		{1, 8, []time.Duration{0, 0, 1, 2, 4, 8, 8}},
		{2, 5, []time.Duration{0, 0, 2, 4, 5, 5}},
		{3, 3, []time.Duration{0, 0, 3, 3}},
	} {
		l := store.AttemptLimit{Free: 3, First: c.first, Longest: c.longest}
		for i, want := range c.want {
			if got := l.Delay(i + 1); got != want {
				t.Errorf("from %d up to %d, after %d tries: %d, want %d", c.first, c.longest, i+1, got, want)
			}
		}
	}
	if got := (store.AttemptLimit{Free: 1, First: time.Hour, Longest: day}).Delay(1 << 30); got != day {
		t.Errorf("after a billion tries: %v", got)
	}
}
