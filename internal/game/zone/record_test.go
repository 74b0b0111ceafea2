package zone_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

// digest keeps all events as bytes.
type digest struct{ all []byte }

func (d *digest) Emit(to []zone.ID, e zone.Event) { d.all = zone.AppendEvent(d.all, to, e) }

// record lets things happen by chance and returns the recording and the events.
func record(t testing.TB, limit int64) (recording []byte, events []byte, commands int) {
	t.Helper()
	var file bytes.Buffer
	d := &digest{}
	r := zone.NewRecorder(&file, limit)
	z, err := zone.New(zone.Config{Zone: info(), Motion: motion(), Capacity: 40, FirstID: 65500, Sink: d, Recorder: r})
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // the same each time
	now := time.Now()
	anywhere := func() data.Point { return pt(random.Float64()*4000, random.Float64()*4000) }
	var ids []zone.ID
	some := func() zone.ID { return ids[random.IntN(len(ids))] }
	for range 2000 {
		now = now.Add(time.Duration(random.IntN(900)) * time.Millisecond)
		if random.IntN(3) == 0 {
			z.Advance(now)
			continue
		}
		z.Do(now, func(tx *zone.Tx) {
			for range 1 + random.IntN(3) {
				commands++
				switch action := random.IntN(14); {
				case len(ids) < 3 || action == 0 && len(ids) < 40:
					at := anywhere()
					if random.IntN(9) == 0 {
						at.X = math.Inf(1)
					}
					id, err := tx.Enter(zone.Enter{Pos: at, Z: int32(random.IntN(100) - 50), Running: random.IntN(2) == 0})
					if err != nil {
						t.Fatal(err)
					}
					ids = append(ids, id)
				case action == 1:
					i := random.IntN(len(ids))
					tx.Leave(ids[i])
					ids = slices.Delete(ids, i, i+1)
				case action == 2:
					tx.Show(some())
				case action == 3:
					tx.Stop(some(), anywhere(), -3)
				case action == 4:
					tx.Halt(some())
				case action == 5:
					tx.ToggleRun(some())
				case action == 6:
					tx.ToggleSit(some())
				case action == 7:
					tx.Emote(some(), 40000, 1<<15)
				case action == 8:
					tx.Say(some(), "¤ hello")
				case action == 9:
					tx.Shout(some(), "")
				default:
					tx.Move(some(), anywhere(), 5, some())
				}
			}
		})
	}
	if err := r.Flush(); err != nil && !errors.Is(err, zone.ErrRecordingFull) {
		t.Fatal(err)
	}
	return file.Bytes(), d.all, commands
}

// TestReplay: a recording makes the same bytes of events as the zone did.
func TestReplay(t *testing.T) {
	t.Parallel()
	recording, events, commands := record(t, math.MaxInt64)
	d := &digest{}
	var last time.Duration
	done, err := zone.Replay(bytes.NewReader(recording), d, func(at time.Duration) {
		if at < last {
			t.Errorf("time goes from %v to %v", last, at)
		}
		last = at
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(d.all, events) {
		t.Errorf("the replay emits %d bytes of events, want the %d of the zone", len(d.all), len(events))
	}
	if done.Steps != 2000 || done.Commands != commands || done.Zone.Name != "Test" || done.Length != last || done.Entities == 0 {
		t.Errorf("%+v after %v, want 2000 steps with %d commands", done, last, commands)
	}
	t.Logf("%d bytes for %d commands, %d bytes of events", len(recording), commands, len(events))
}

// TestReplayOfWhatIsLeft: a recording that was cut anywhere is replayed up to
// there, and never further.
func TestReplayOfWhatIsLeft(t *testing.T) {
	t.Parallel()
	recording, _, _ := record(t, math.MaxInt64)
	whole, err := zone.Replay(bytes.NewReader(recording), nobody{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(recording, '\n') + 1
	steps := 0
	for at := 0; at < len(recording); at += 1 + at/50 {
		done, err := zone.Replay(bytes.NewReader(recording[:at]), nobody{}, nil)
		switch {
		case at < first:
			if !errors.Is(err, zone.ErrNoRecording) {
				t.Fatalf("the first %d bytes: %v", at, err)
			}
		case err != nil && !errors.Is(err, zone.ErrCut):
			t.Fatalf("the first %d bytes: %v", at, err)
		case done.Steps < steps || done.Steps > whole.Steps:
			t.Fatalf("the first %d bytes have %d steps, after %d", at, done.Steps, steps)
		}
		steps = done.Steps
	}
}

// TestReplayOfDamage: a changed recording is refused or makes other events; it
// never crashes.
func TestReplayOfDamage(t *testing.T) {
	t.Parallel()
	recording, _, _ := record(t, 20_000)
	first := bytes.IndexByte(recording, '\n') + 1
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same each time
	found := 0
	for range 500 {
		damaged := slices.Clone(recording)
		damaged[first+random.IntN(len(damaged)-first)] ^= 1 << random.IntN(8)
		if _, err := zone.Replay(bytes.NewReader(damaged), nobody{}, nil); err != nil {
			found++
		}
	}
	// A changed time or place may well make the same events.
	if found < 250 {
		t.Errorf("%d of 500 changes were found", found)
	}
	for name, text := range map[string]string{
		"empty": "", "text": "hello\n", "no end": "{", "JSON of something else": "{}\n",
		"a newer version": `{"version":2}` + "\n", "no zone": `{"version":1}` + "\n",
	} {
		if _, err := zone.Replay(bytes.NewReader([]byte(text)), nobody{}, nil); err == nil {
			t.Errorf("%s: replayed", name)
		}
	}
}

// TestRecordingHasALimit: it ends before the step that would go beyond it.
func TestRecordingHasALimit(t *testing.T) {
	t.Parallel()
	const limit = 20_000
	recording, _, _ := record(t, limit)
	if len(recording) > limit || len(recording) < limit-1000 {
		t.Errorf("%d bytes, want up to %d", len(recording), limit)
	}
	if done, err := zone.Replay(bytes.NewReader(recording), nobody{}, nil); err != nil || done.Steps < 10 {
		t.Errorf("%+v, %v", done, err)
	}
}

// broken takes some bytes and then no more.
type broken struct{ left int }

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// TestAZoneGoesOnWithoutItsRecording: a full disk ends the recording, not the zone.
func TestAZoneGoesOnWithoutItsRecording(t *testing.T) {
	t.Parallel()
	r := zone.NewRecorder(&broken{left: 1 << 15}, math.MaxInt64)
	z, err := zone.New(zone.Config{Zone: info(), Motion: motion(), Capacity: 10, Sink: nobody{}, Recorder: r})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range 10_000 {
		z.Do(now.Add(time.Duration(i)), func(tx *zone.Tx) { tx.Say(1, strconv.Itoa(i)) })
	}
	if err := r.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("the recording ended with %v", err)
	}
	z.Do(now, func(tx *zone.Tx) {
		if _, err := tx.Enter(zone.Enter{}); err != nil {
			t.Error(err)
		}
	})
	if z.Len() != 1 {
		t.Errorf("%d entities", z.Len())
	}
}

func FuzzReplay(f *testing.F) {
	recording, _, _ := record(f, 3000)
	f.Add(recording)
	f.Add([]byte("{}\n"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = zone.Replay(bytes.NewReader(b), nobody{}, nil)
	})
}
