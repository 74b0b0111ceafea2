package app

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/game/zone"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
)

func replayCommand(p Process) *cobra.Command {
	events := false
	c := &cobra.Command{
		Use:   "replay FILE",
		Short: "Let what a zone has recorded happen again",
		Long: "Let what a zone has recorded happen again, and check that the same comes of it: print\n" +
			"how much it was and the SHA-256 sum of all events. With --events, print every event\n" +
			"as a line of JSON. A world records if WORLD_RECORD is set.",
		Example: "  waystone replay recordings/zone-20-20260102T150405.000Z.rec\n  waystone replay --events zone.rec | jq 'select(.event == \"Said\")'",
		Args:    cli.Arguments(1, 1, "the FILE of a recording"),
		RunE: func(_ *cobra.Command, args []string) error {
			return runReplay(p.Stdout, args[0], events)
		},
	}
	c.Flags().BoolVar(&events, "events", false, "print every event")
	return c
}

func runReplay(out io.Writer, path string, events bool) error {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(out)
	s := &replaySink{sum: sha256.New()}
	if events {
		s.lines = json.NewEncoder(w)
	}
	done, err := zone.Replay(f, s, func(at time.Duration) { s.at = at })
	if err = errors.Join(err, s.err); err != nil && !errors.Is(err, zone.ErrCut) {
		return errors.Join(fmt.Errorf("%s: %w", path, err), w.Flush())
	}
	if !events {
		fmt.Fprintf(w, "zone %d (%s): %d steps with %d commands in %v, %d in the zone at the end\n",
			done.Zone.ID, done.Zone.Name, done.Steps, done.Commands, done.Length, done.Entities)
		if err != nil {
			fmt.Fprintf(w, "%v; everything before it was replayed\n", err)
		}
		fmt.Fprintf(w, "the %d events are those that were recorded; sha256 %x\n", s.count, s.sum.Sum(nil))
	}
	return w.Flush()
}

// replaySink counts, sums up and prints events.
type replaySink struct {
	at    time.Duration
	count int
	sum   hash.Hash
	bytes []byte
	lines *json.Encoder // nil to print nothing
	err   error
}

func (s *replaySink) Emit(to []zone.ID, e zone.Event) {
	s.count++
	s.bytes = zone.AppendEvent(s.bytes[:0], to, e)
	_, _ = s.sum.Write(s.bytes) // never fails
	if s.lines == nil || s.err != nil {
		return
	}
	s.err = s.lines.Encode(struct {
		Seconds float64    `json:"seconds"`
		To      []zone.ID  `json:"to"`
		Kind    string     `json:"event"`
		Event   zone.Event `json:"data"`
	}{s.at.Seconds(), to, strings.TrimPrefix(fmt.Sprintf("%T", e), "*zone."), e})
}
