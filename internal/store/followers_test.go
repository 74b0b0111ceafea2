package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/store"
)

// scribe writes down what it is told, in a list that it shares with others.
type scribe struct {
	name string
	told *[]string
}

func (s scribe) note(call string, args ...any) {
	*s.told = append(*s.told, strings.TrimSpace(fmt.Sprintln(append([]any{s.name, call}, args...)...)))
}

func (s scribe) Reset(_ string, at store.Snapshot) { s.note("reset", at) }
func (s scribe) Changed(changes []store.Change)    { s.note("changed", len(changes), changes[0].ID) }
func (s scribe) Lost(cause error)                  { s.note("lost", cause) }
func (s scribe) Confirmed(asked time.Time, at store.Snapshot) {
	s.note("confirmed", asked.Unix(), at)
}

func TestFollowersAreToldInOrder(t *testing.T) {
	t.Parallel()
	var told []string
	fs := store.Followers{scribe{"cache", &told}, scribe{"watch", &told}}
	at := store.Snapshot{Xmin: 4, Xmax: 7}
	fs.Reset("here", at)
	fs.Changed([]store.Change{{ID: "s1"}, {ID: "s2"}})
	fs.Confirmed(time.Unix(9, 0), at)
	fs.Lost(errors.New("cut"))
	want := []string{
		"cache reset 4:7:", "watch reset 4:7:",
		"cache changed 2 s1", "watch changed 2 s1",
		"cache confirmed 9 4:7:", "watch confirmed 9 4:7:",
		"cache lost cut", "watch lost cut",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}
