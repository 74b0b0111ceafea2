package storepb

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	databasev1 "github.com/waystone-mmo/waystone/gen/waystone/database/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

// WatchPB is a message of a watch.
func WatchPB(signal databasev1.WatchSignal, cursor []byte, events []store.Event, lag time.Duration) *databasev1.WatchResponse {
	m := &databasev1.WatchResponse{Signal: signal, Cursor: cursor, Lag: durationpb.New(lag)}
	for _, e := range events {
		m.Events = append(m.Events, &databasev1.WatchEvent{
			Kind: databasev1.WatchEventKind(e.Kind), SessionId: e.SessionID, UserId: e.UserID,
			Banned: e.Banned, BanExpiresAt: stamp(e.BanExpiresAt), ExpiresAt: stamp(e.ExpiresAt),
		})
	}
	return m
}

// Events are the events of a message, without those of kinds that this build
// does not know.
func Events(m *databasev1.WatchResponse) []store.Event {
	var events []store.Event
	for _, e := range m.GetEvents() {
		if _, known := databasev1.WatchEventKind_name[int32(e.GetKind())]; !known || e.GetKind() == 0 {
			continue
		}
		events = append(events, store.Event{
			Kind:      store.EventKind(e.GetKind()), //nolint:gosec // a known kind
			SessionID: e.GetSessionId(), UserID: e.GetUserId(),
			Banned: e.GetBanned(), BanExpiresAt: instant(e.GetBanExpiresAt()), ExpiresAt: instant(e.GetExpiresAt()),
		})
	}
	return events
}
