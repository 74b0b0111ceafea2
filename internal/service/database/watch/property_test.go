package watch_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/waystone-mmo/waystone/internal/service/database/watch"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/fakefeed"
)

// world is a database with its users, two replicas that hear of it each in its
// own time, and a watcher that goes from one to the other.
type world struct {
	tip       *fakefeed.Tip
	log       []*transaction
	committed map[string]bool // who is banned, as committed
	visible   map[string]bool // as a check sees it
	replicas  [2]*replica
	watcher   *model
}

type transaction struct {
	xid   uint64
	rows  map[string]bool
	many  bool // told as one change of any number of rows
	shown bool
}

type replica struct {
	broker *watch.Broker
	feed   *fakefeed.Feed
	up     bool
	told   int // transactions of the log
}

// model is a watcher as the contract wants it.
type model struct {
	at       *replica
	sub      *watch.Subscription
	cursor   []byte
	banned   map[string]bool
	mustLook bool // sent to check, and has not yet
}

func newWorld() *world {
	w := &world{tip: fakefeed.NewTip(), committed: map[string]bool{}, visible: map[string]bool{}, watcher: &model{banned: map[string]bool{}}}
	for i := range w.replicas {
		r := &replica{broker: watch.New(watch.Config{Buffer: 6}), feed: fakefeed.New(w.tip)}
		r.feed.Attach(r.broker)
		w.replicas[i] = r
	}
	return w
}

func (w *world) commit(rows map[string]bool, many bool) {
	maps.Copy(w.committed, rows)
	w.log = append(w.log, &transaction{xid: w.tip.Begin(), rows: rows, many: many})
}

// show makes a transaction visible. Rows are locked until then, so that two
// that change the same are visible in their order.
func (w *world) show(tx *transaction) {
	if tx.shown {
		return
	}
	for _, earlier := range w.log {
		if earlier == tx {
			break
		}
		w.show(earlier)
	}
	tx.shown = true
	w.tip.Show(tx.xid)
	maps.Copy(w.visible, tx.rows)
}

func (w *world) tell(r *replica) {
	if !r.up || r.told == len(w.log) {
		return
	}
	tx := w.log[r.told]
	r.told++
	if tx.many {
		r.feed.Tell(tx.xid, many(store.TableUser))
		return
	}
	var changes []store.Change
	for id, banned := range tx.rows {
		changes = append(changes, store.Change{Table: store.TableUser, Op: store.OpUpdate, ID: id, Banned: banned})
	}
	r.feed.Tell(tx.xid, changes...)
}

// confirm: a feed says so only when it has told all.
func (w *world) confirm(r *replica) {
	for r.up && r.told < len(w.log) {
		w.tell(r)
	}
	if r.up {
		r.feed.Confirm()
	}
}

// connect tells from then on what its snapshot does not see.
func (w *world) connect(r *replica) {
	r.feed.Connect()
	r.up, r.told = true, 0
	for r.told < len(w.log) && w.log[r.told].shown {
		r.told++
	}
}

func (w *world) lose(r *replica) {
	if r.up {
		r.up = false
		r.feed.Lose(errors.New("lost"))
	}
}

// open watches at a replica with the cursor of the last message handled.
func (m *model) open(r *replica) {
	m.cut()
	if sub, err := r.broker.Subscribe(m.cursor); err == nil {
		m.at, m.sub = r, sub
	}
}

func (m *model) cut() {
	if m.sub != nil {
		m.sub.Close()
		m.sub = nil
	}
	if m.mustLook { // a check not made is asked for again
		m.cursor, m.mustLook = nil, false
	}
}

// read handles one message, if there is one.
func (m *model) read() bool {
	if m.sub == nil || m.mustLook {
		return false
	}
	batch, err := m.sub.Next(ended())
	if err != nil {
		if errors.Is(err, store.ErrFeedUnavailable) {
			m.cut()
		}
		return false
	}
	switch {
	case batch.Signal == watch.Resync, batch.Signal == watch.Here && m.cursor == nil:
		m.mustLook = true
	case batch.Signal == watch.Events:
		for _, e := range batch.Events {
			m.banned[e.UserID] = e.Banned
		}
	}
	m.cursor = batch.Cursor
	return true
}

// look is CheckSessions: what is visible now.
func (w *world) look() {
	if w.watcher.mustLook {
		maps.Copy(w.watcher.banned, w.visible)
		w.watcher.mustLook = false
	}
}

// TestNothingIsLost: whatever happens on the way, a watcher that checks when it
// is told to ends with the state of the database.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	for range 20 { // what is rare in a hundred is not in two thousand
		rapid.Check(t, nothingIsLost)
	}
}

func nothingIsLost(t *rapid.T) {
	w := newWorld()
	pick := func() *replica { return rapid.SampledFrom(w.replicas[:]).Draw(t, "replica") }
	rows := func(most int) map[string]bool {
		id := rapid.Custom(func(t *rapid.T) string { return strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "user")) })
		return rapid.MapOfN(id, rapid.Bool(), 1, most).Draw(t, "rows")
	}
	steps := []struct {
		weight int
		do     func()
	}{
		{6, func() { w.commit(rows(1), false) }},
		{2, func() { w.commit(rows(3), true) }},
		{3, func() {
			if len(w.log) > 0 {
				w.show(rapid.SampledFrom(w.log).Draw(t, "transaction"))
			}
		}},
		{6, func() { w.tell(pick()) }},
		{3, func() { w.confirm(pick()) }},
		{4, func() {
			if r := pick(); !r.up {
				w.connect(r)
			}
		}},
		{1, func() {
			if rapid.Bool().Draw(t, "loss") {
				w.lose(pick())
			} else {
				w.connect(pick()) // anew, without a loss
			}
		}},
		{4, func() { w.watcher.open(pick()) }},
		{1, func() { w.watcher.cut() }},
		{10, func() { w.watcher.read() }},
		{6, func() { w.look() }},
	}
	var bag []func()
	for _, s := range steps {
		bag = append(bag, slices.Repeat([]func(){s.do}, s.weight)...)
	}
	for _, r := range w.replicas {
		w.connect(r)
	}
	for range rapid.IntRange(5, 120).Draw(t, "steps") {
		bag[rapid.IntRange(0, len(bag)-1).Draw(t, "step")]()
	}

	// In the end everything is visible and told, and the watcher reads on.
	for _, tx := range w.log {
		w.show(tx)
	}
	for _, r := range w.replicas {
		if !r.up {
			w.connect(r)
		}
		w.confirm(r)
	}
	if w.watcher.sub == nil {
		w.watcher.open(pick())
	}
	for range 100 {
		w.look()
		if w.watcher.read() {
			continue
		}
		if w.watcher.sub == nil {
			w.watcher.open(pick())
			continue
		}
		break
	}
	w.look()
	if w.watcher.read() || w.watcher.sub == nil {
		t.Fatal("the watcher does not come to rest")
	}
	for id := range w.committed {
		if _, held := w.watcher.banned[id]; !held && !w.committed[id] {
			w.watcher.banned[id] = false
		}
	}
	if diff := cmp.Diff(w.committed, w.watcher.banned); diff != "" {
		t.Fatalf("the watcher's state (-database +watcher):\n%s", diff)
	}
}
