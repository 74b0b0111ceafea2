package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/waystone-mmo/waystone/internal/store"
)

func snapshots() *rapid.Generator[store.Snapshot] {
	return rapid.Custom(func(t *rapid.T) store.Snapshot {
		s := store.Snapshot{Xmin: rapid.Uint64Range(1, 12).Draw(t, "xmin")}
		s.Xmax = s.Xmin + rapid.Uint64Range(0, 8).Draw(t, "width")
		for xid := s.Xmin; xid < s.Xmax; xid++ {
			if rapid.Bool().Draw(t, "under way") {
				s.Xip = append(s.Xip, xid)
			}
		}
		return s
	})
}

func TestSnapshotForms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := snapshots().Draw(t, "snapshot")
		got, err := store.ParseSnapshot(want.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		got, rest, ok := store.DecodeSnapshot(append(want.AppendBinary(nil), "rest"...))
		if !ok || string(rest) != "rest" {
			t.Fatalf("decoded %v, rest %q", ok, rest)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// What one snapshot covers is defined by what each sees.
func TestSnapshotCovers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := snapshots().Draw(t, "a"), snapshots().Draw(t, "b")
		want := true
		for xid := range uint64(24) {
			want = want && (a.Sees(xid) || !b.Sees(xid))
		}
		// Beyond its Xmax a snapshot sees nothing, but Covers also asks that a is
		// no earlier: a difference of ended transactions only matters then.
		if got := a.Covers(b); got != (want && a.Xmax >= b.Xmax) {
			t.Fatalf("%s covers %s: %v, want %v", a, b, got, want)
		}
	})
}

func TestMalformedSnapshots(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "1", "1:2", "a:2:", "1:b:", "2:1:", "1:5:c", "1:5:5", "1:5:0", "1:5:3,2", "1:5:2,2", "1:5:2,", "-1:5:",
	} {
		if s, err := store.ParseSnapshot(text); err == nil {
			t.Errorf("%q is %v", text, s)
		}
	}
}

func FuzzDecodeSnapshot(f *testing.F) {
	f.Add(store.Snapshot{Xmin: 5, Xmax: 9, Xip: []uint64{5, 7}}.AppendBinary(nil))
	f.Add([]byte{0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, rest, ok := store.DecodeSnapshot(b)
		if !ok {
			return
		}
		again, _, ok := store.DecodeSnapshot(s.AppendBinary(nil))
		if !ok || again.String() != s.String() || len(rest) > len(b) {
			t.Errorf("%v, then %v", s, again)
		}
	})
}
