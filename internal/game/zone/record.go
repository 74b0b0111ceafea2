package zone

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"math"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/timers"
)

// A recording is a line of JSON with what the zone was made of, followed by its
// inputs: for each step its time, its commands and a sum of the events that it
// emitted. Numbers are varints, floating-point numbers their eight bytes.

// recordVersion is the version of the format.
const recordVersion = 1

// maxRecordedText is the longest text of a recorded command, in bytes.
const maxRecordedText = 1 << 16

// The parts of a recorded step.
const (
	opStep byte = iota + 1 // nanoseconds since the step before
	opEnter
	opLeave
	opShow
	opMove
	opStop
	opHalt
	opToggleRun
	opToggleSit
	opEmote
	opSay
	opShout
	opEnd // sum of the step's events
)

// header is the first line of a recording.
type header struct {
	Version  int         `json:"version"`
	Zone     data.Zone   `json:"zone"`
	Motion   data.Motion `json:"motion"`
	Capacity int         `json:"capacity"`
	FirstID  ID          `json:"first_id"`
}

// Recorder writes what a zone is told, so that Replay can let it happen again.
// It belongs to one zone, and to its goroutine. Its own methods do nothing on nil,
// which records nothing.
type Recorder struct {
	w     *bufio.Writer
	limit int64 // bytes left
	last  timers.Instant
	part  []byte // being made
	sum   hash.Hash64
	err   error
}

// ErrRecordingFull ends a recording that has reached its limit.
var ErrRecordingFull = errors.New("the recording has reached its largest size")

// NewRecorder returns a Recorder that writes at most limit bytes. What it wrote
// last may be kept back until Flush.
func NewRecorder(w io.Writer, limit int64) *Recorder {
	return &Recorder{w: bufio.NewWriterSize(w, 1<<15), limit: limit, sum: fnv.New64a()}
}

// Flush writes what was kept back. It returns the error that has ended the
// recording, if one has; the zone goes on without it.
func (r *Recorder) Flush() error {
	if r.err == nil {
		r.err = r.w.Flush()
	}
	return r.err
}

func (r *Recorder) begin(c Config) error {
	line, err := json.Marshal(header{recordVersion, c.Zone, c.Motion, c.Capacity, c.FirstID})
	if err != nil {
		return err
	}
	r.part = append(r.part, line...)
	r.part = append(r.part, '\n')
	r.write()
	return r.err
}

// write hands over a part. A step that does not fit ends the recording before it.
func (r *Recorder) write() {
	if r.err == nil && int64(len(r.part)) > r.limit {
		r.err = errors.Join(ErrRecordingFull, r.w.Flush())
	}
	if r.err == nil {
		r.limit -= int64(len(r.part))
		_, r.err = r.w.Write(r.part)
	}
	r.part = r.part[:0]
}

func (r *Recorder) step(now timers.Instant) {
	if r == nil {
		return
	}
	r.part = append(r.part, opStep)
	r.part = binary.AppendUvarint(r.part, uint64(now-r.last)) //nolint:gosec // time does not run backwards
	r.last = now
	r.sum.Reset()
}

func (r *Recorder) end() {
	if r == nil {
		return
	}
	r.part = binary.LittleEndian.AppendUint64(append(r.part, opEnd), r.sum.Sum64())
	r.write()
}

// command adds a command with its entity; the rest of it is added by the caller.
func (r *Recorder) command(op byte, id ID) {
	if r == nil {
		return
	}
	r.part = binary.AppendUvarint(append(r.part, op), uint64(id))
}

func (r *Recorder) numbers(n ...uint64) {
	if r == nil {
		return
	}
	for _, v := range n {
		r.part = binary.AppendUvarint(r.part, v)
	}
}

func (r *Recorder) place(p data.Point, z int32) {
	if r == nil {
		return
	}
	r.part = appendPlace(r.part, p, z)
}

func (r *Recorder) flag(set bool) {
	if r == nil {
		return
	}
	n := byte(0)
	if set {
		n = 1
	}
	r.part = append(r.part, n)
}

func (r *Recorder) say(id ID, text string, shout bool) {
	if r == nil {
		return
	}
	if len(text) > maxRecordedText && r.err == nil {
		r.err = fmt.Errorf("a text of %d bytes cannot be recorded", len(text))
	}
	op := opSay
	if shout {
		op = opShout
	}
	r.command(op, id)
	r.part = append(binary.AppendUvarint(r.part, uint64(len(text))), text...)
}

func appendPlace(b []byte, p data.Point, z int32) []byte {
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.X))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(p.Y))
	return binary.AppendVarint(b, int64(z))
}

// event adds an event to the sum of the step.
func (r *Recorder) event(to []ID, e Event) {
	if r == nil {
		return
	}
	from := len(r.part)
	r.part = AppendEvent(r.part, to, e)
	_, _ = r.sum.Write(r.part[from:]) // never fails
	r.part = r.part[:from]
}

// AppendEvent adds an event and its receivers to b, in a form that is the same
// for equal events and differs for others.
func AppendEvent(b []byte, to []ID, e Event) []byte {
	b = appendIDs(b, to)
	flag := func(set ...bool) {
		n := byte(0)
		for i, v := range set {
			if v {
				n |= 1 << i
			}
		}
		b = append(b, n)
	}
	number := func(v ...float64) {
		for _, f := range v {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
		}
	}
	switch e := e.(type) {
	case *Spawned:
		b = binary.AppendUvarint(append(b, 1), uint64(len(e.Entities)))
		for _, v := range e.Entities {
			b = appendPlace(binary.AppendUvarint(b, uint64(v.ID)), v.Pos, v.Z)
			number(v.Target.X, v.Target.Y, v.RunSpeed, v.Speed)
			flag(v.Walking, v.Sitting, v.Running)
		}
	case *Removed:
		b = appendIDs(append(b, 2), e.IDs)
	case *Moved:
		b = binary.AppendUvarint(binary.AppendUvarint(append(b, 3), uint64(e.ID)), uint64(e.Aim))
		b = appendPlace(b, e.Target, e.Z)
		number(e.Distance)
		flag(e.Running)
	case *Stopped:
		b = appendPlace(binary.AppendUvarint(append(b, 4), uint64(e.ID)), e.Pos, e.Z)
	case *Toggled:
		b = binary.AppendUvarint(append(b, 5), uint64(e.ID))
		number(e.RunSpeed, e.Speed)
		flag(e.Running, e.Sitting)
	case *Adjusted:
		b = appendPlace(binary.AppendUvarint(append(b, 6), uint64(e.ID)), e.Pos, e.Z)
	case *Said:
		b = binary.AppendUvarint(append(b, 7), uint64(e.ID))
		flag(e.Shout)
		b = append(binary.AppendUvarint(b, uint64(len(e.Text))), e.Text...)
	case *Emoted:
		b = binary.AppendUvarint(append(b, 8), uint64(e.ID))
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(e.Motion)), uint64(e.Flags))
	}
	return b
}

func appendIDs(b []byte, ids []ID) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(id))
	}
	return b
}

// Replayed says what a replay went through.
type Replayed struct {
	Zone     data.Zone
	Steps    int
	Commands int
	Entities int           // that are there at the end
	Length   time.Duration // of the zone's time
}

// Replay errors.
var (
	// ErrNoRecording is returned for a file of another kind.
	ErrNoRecording = errors.New("this is no recording of a zone")
	// ErrCut is returned with what was replayed if a recording ends within a step,
	// as it does when the process was killed.
	ErrCut = errors.New("the recording ends in the middle of a step")
	// ErrDiffers is returned if a step emits other events than it did when it was
	// recorded.
	ErrDiffers = errors.New("the events differ from those that were recorded")
)

// Replay reads a recording and lets it happen again; the events go to sink as
// they did then. clock, which may be nil, is told the time of each step from
// the beginning on.
func Replay(r io.Reader, sink Sink, clock func(time.Duration)) (Replayed, error) {
	in := &reader{r: bufio.NewReaderSize(r, 1<<16)}
	h, err := in.header()
	if err != nil {
		return Replayed{}, err
	}
	done := Replayed{Zone: h.Zone}
	z, err := New(Config{Zone: h.Zone, Motion: h.Motion, Capacity: h.Capacity, FirstID: h.FirstID, Sink: sink})
	if err != nil {
		return done, fmt.Errorf("%w: %w", ErrNoRecording, err)
	}
	z.record = NewRecorder(io.Discard, math.MaxInt64)
	epoch := time.Unix(0, 0)
	for {
		op, err := in.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, err
		}
		if op != opStep {
			return done, fmt.Errorf("%w: byte %#x where step %d should begin", ErrNoRecording, op, done.Steps+1)
		}
		length := done.Length + time.Duration(in.number(math.MaxInt64-uint64(done.Length))) //nolint:gosec // bounded
		if in.err == nil && clock != nil {
			clock(length)
		}
		commands := 0
		var sum uint64
		z.Do(epoch.Add(length), func(tx *Tx) {
			commands, sum = in.commands(tx)
		})
		if in.err != nil {
			return done, in.err
		}
		done.Steps, done.Commands, done.Length, done.Entities = done.Steps+1, done.Commands+commands, length, z.Len()
		if got := z.record.sum.Sum64(); got != sum {
			return done, fmt.Errorf("step %d, after %v: %w", done.Steps, length, ErrDiffers)
		}
	}
}

// reader reads the parts of a recording. Its first error stays.
type reader struct {
	r   *bufio.Reader
	err error
}

func (in *reader) header() (header, error) {
	var h header
	line, err := in.r.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return h, err
	}
	if json.Unmarshal(line, &h) != nil || h.Version == 0 {
		return h, ErrNoRecording
	}
	if h.Version != recordVersion {
		return h, fmt.Errorf("the recording has version %d, and this program reads %d", h.Version, recordVersion)
	}
	if err := data.Check(h.Zone, h.Motion); err != nil {
		return h, fmt.Errorf("%w: %w", ErrNoRecording, err)
	}
	return h, nil
}

func (in *reader) fail(err error) {
	if in.err != nil {
		return
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrCut
	}
	in.err = err
}

func (in *reader) number(most uint64) uint64 {
	if in.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(in.r)
	if err == nil && n > most {
		err = fmt.Errorf("%w: %d is out of range", ErrNoRecording, n)
	}
	if err != nil {
		in.fail(err)
		return 0
	}
	return n
}

func (in *reader) id() ID { return ID(in.number(math.MaxUint16)) } //nolint:gosec // bounded

func (in *reader) bytes(n uint64) []byte {
	b := make([]byte, n)
	if in.err == nil {
		if _, err := io.ReadFull(in.r, b); err != nil {
			in.fail(err)
		}
	}
	return b
}

func (in *reader) place() (data.Point, int32) {
	b := in.bytes(16)
	p := data.Point{
		X: math.Float64frombits(binary.LittleEndian.Uint64(b)), Y: math.Float64frombits(binary.LittleEndian.Uint64(b[8:])),
	}
	if in.err != nil {
		return p, 0
	}
	z, err := binary.ReadVarint(in.r)
	if err == nil && int64(int32(z)) != z { //nolint:gosec // that is the question
		err = fmt.Errorf("%w: a height of %d is out of range", ErrNoRecording, z)
	}
	if err != nil {
		in.fail(err)
	}
	return p, int32(z) //nolint:gosec // checked
}

// commands carries out the commands of a step, and returns how many there were
// and the sum of the events.
func (in *reader) commands(tx *Tx) (n int, sum uint64) {
	for in.err == nil {
		op, err := in.r.ReadByte()
		if err != nil {
			in.fail(err)
			return n, 0
		}
		if op == opEnd {
			return n, binary.LittleEndian.Uint64(in.bytes(8))
		}
		id := in.id()
		switch op {
		case opEnter:
			running := in.number(1) == 1
			p, z := in.place()
			if in.err == nil {
				_, _ = tx.Enter(Enter{ID: id, Pos: p, Z: z, Running: running}) // was refused then too
			}
		case opMove:
			aim := in.id()
			p, z := in.place()
			in.run(func() { tx.Move(id, p, z, aim) })
		case opStop:
			p, z := in.place()
			in.run(func() { tx.Stop(id, p, z) })
		case opEmote:
			motion, flags := uint16(in.id()), uint16(in.id())
			in.run(func() { tx.Emote(id, motion, flags) })
		case opSay, opShout:
			text := string(in.bytes(in.number(maxRecordedText)))
			in.run(func() { tx.say(id, text, op == opShout) })
		case opLeave:
			in.run(func() { tx.Leave(id) })
		case opShow:
			in.run(func() { tx.Show(id) })
		case opHalt:
			in.run(func() { tx.Halt(id) })
		case opToggleRun:
			in.run(func() { tx.ToggleRun(id) })
		case opToggleSit:
			in.run(func() { tx.ToggleSit(id) })
		default:
			in.fail(fmt.Errorf("%w: command %#x is not known", ErrNoRecording, op))
		}
		n++
	}
	return n, 0
}

// run carries out a command that was read as a whole.
func (in *reader) run(f func()) {
	if in.err == nil {
		f()
	}
}
