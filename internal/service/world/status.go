package world

import (
	"cmp"
	"slices"
)

// Status is the world at a glance.
type Status struct {
	Players int            `json:"players"`
	Unsaved int            `json:"unsaved_characters"`
	Data    string         `json:"data"`
	Zones   []ZoneStatus   `json:"zones"`
	Streams []StreamStatus `json:"streams"`
}

// ZoneStatus is a zone at a glance.
type ZoneStatus struct {
	ID      uint16 `json:"id"`
	Name    string `json:"name"`
	Players int    `json:"players"`
	Queue   int    `json:"queue"`
}

// StreamStatus is a gateway's stream at a glance.
type StreamStatus struct {
	Gateway string `json:"gateway"`
	Players int    `json:"players"`
	Queue   int    `json:"queue"`
}

// Status returns the world at a glance.
func (w *World) Status() Status {
	st := Status{
		Players: w.directory.len(), Unsaved: w.saver.unsaved(), Data: w.data.Source(),
		Zones: []ZoneStatus{}, Streams: []StreamStatus{},
	}
	for _, z := range w.data.Zones() {
		h := w.hosts[z.ID]
		st.Zones = append(st.Zones, ZoneStatus{ID: z.ID, Name: z.Name, Players: int(h.present.Load()), Queue: len(h.queue)})
	}
	for _, s := range w.openStreams() {
		st.Streams = append(st.Streams, StreamStatus{Gateway: s.gateway, Players: s.len(), Queue: len(s.queue)})
	}
	slices.SortFunc(st.Streams, func(a, b StreamStatus) int { return cmp.Compare(a.Gateway, b.Gateway) })
	return st
}
