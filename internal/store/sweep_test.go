package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/errs"
	"github.com/waystone-mmo/waystone/internal/store"
)

func TestSweepRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		maxGone, all, gone int
		stops              bool
	}{
		{0, 0, 0, false},
		{0, 10, 10, false},
		{0, 11, 11, true},
		{0, 1000, 50, false},
		{0, 1000, 51, true},
		{51, 1000, 51, false},
		{51, 1000, 52, true},
		{5, 10, 10, false}, // more is allowed in any case
	} {
		err := store.SweepRules{MaxGone: tt.maxGone}.Judge(tt.all, tt.gone)
		if errors.Is(err, store.ErrManyGone) != tt.stops || !tt.stops && err != nil {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	err := store.SweepRules{}.Judge(1000, 700)
	for _, want := range []string{"700 of 1000", "at most 50", "SWEEP_MAX_GONE=700"} {
		if msg := errs.Of(err).Msg; !strings.Contains(msg, want) {
			t.Errorf("%q does not say %q", msg, want)
		}
	}
}

func TestBelongs(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_700_000, time.UTC)
	bobby, mallory, nobody := store.Person(at), store.Person(at.Add(time.Millisecond)), store.Nobody()
	for name, tt := range map[string]struct {
		row   *time.Time
		known time.Time
		now   *time.Time
		want  bool
	}{
		"his own":                       {&bobby, at, &bobby, true},
		"the former's":                  {&bobby, at.Add(time.Hour), &mallory, false},
		"while nobody is there":         {&bobby, at, nil, true},
		"untold, of his time":           {nil, at, &bobby, true},
		"untold and older":              {nil, at, &mallory, false},
		"untold, while nobody is there": {nil, at, nil, true},
		"nobody's":                      {&nobody, at.Add(time.Hour), &bobby, false},
		"nobody's, while nobody is":     {&nobody, at, nil, true},
	} {
		if got := store.Belongs(tt.row, tt.known, tt.now); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if unknown := store.Person(time.Time{}); unknown.Equal(nobody) || unknown.Equal(bobby) {
		t.Errorf("a user of unknown age is %v", unknown)
	}
}
