package consistency

import (
	"testing"
	"time"
)

// The judge itself: what it must let pass, and what it must not.
func TestJudge(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	r := &register{commits: []commit{
		{value: "a", by: website},
		{value: "b", began: at(1000), ended: at(1010), by: website},
		{value: "c", began: at(2000), ended: at(2010), by: 0},
		{value: "d", began: at(3000), ended: forever, by: website}, // nobody knows
	}}
	for _, tt := range []struct {
		value        string
		began, ended int
		replica      int
		fresh        bool
		stale        int
		bad          bool
	}{
		{"a", 900, 905, 0, true, 0, false},
		{"a", 1005, 1006, 0, true, 0, false}, // the commit is not answered yet
		{"b", 1005, 1006, 0, true, 0, false}, // and may be seen
		{"b", 900, 999, 0, false, 0, true},   // from the future
		{"a", 1020, 1030, 0, true, 0, true},  // fresh and old
		{"a", 1250, 1255, 0, false, 240, false},
		{"a", 1261, 1262, 0, false, 0, true}, // beyond the bound
		{"b", 2015, 2016, 0, false, 0, true}, // its own write
		{"b", 2015, 2016, 1, false, 5, false},
		{"a", 2011, 2012, 1, false, 0, true}, // two behind, the first too long ago
		{"c", 9000, 9001, 1, false, 0, false},
		{"d", 9000, 9001, 1, false, 0, false},
		{"d", 2900, 2950, 1, false, 0, true},
		{"x", 900, 905, 0, false, 0, true},
	} {
		stale, anomaly := r.judge(answer{
			what: "a read", is: func(v string) bool { return v == tt.value }, shown: tt.value,
			began: at(tt.began), ended: at(tt.ended), replica: tt.replica, fresh: tt.fresh,
		})
		if (anomaly != "") != tt.bad || stale != at(tt.stale) {
			t.Errorf("%+v: %s behind, %q", tt, stale, anomaly)
		}
	}
}
