package world

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/waystone-mmo/waystone/internal/game/data"
	"github.com/waystone-mmo/waystone/internal/game/zone"
)

// maxRecording is the largest size of a recording, in bytes.
const maxRecording = 1 << 30

// recording is the file into which a zone writes what it is told.
type recording struct {
	*zone.Recorder
	file *os.File
}

// newRecording makes a new file in a directory, which is made if need be. What
// players say locally is in it, so only its owner may read it.
func newRecording(dir string, z data.Zone, now time.Time) (*recording, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("world: WORLD_RECORD: %w", err)
	}
	name := fmt.Sprintf("zone-%d-%s.rec", z.ID, now.UTC().Format("20060102T150405.000Z"))
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the directory
	if err != nil {
		return nil, fmt.Errorf("world: WORLD_RECORD: %w", err)
	}
	return &recording{Recorder: zone.NewRecorder(f, maxRecording), file: f}, nil
}

// flushRecording writes what was recorded. If it fails, the zone goes on without.
func (h *host) flushRecording() {
	if h.recording == nil {
		return
	}
	if err := h.recording.Flush(); err != nil {
		h.world.log.Warn("a recording has ended; the zone goes on without it", slog.Int("zone", int(h.info.ID)),
			slog.String("file", h.recording.file.Name()), slog.Any("error", err))
		h.closeRecording()
	}
}

// closeRecording ends the recording with what was written of it.
func (h *host) closeRecording() {
	r := h.recording
	if r == nil {
		return
	}
	h.recording = nil
	err := r.Flush()
	if errors.Is(err, zone.ErrRecordingFull) {
		err = nil
	}
	if err = errors.Join(err, r.file.Close()); err != nil {
		h.world.log.Warn("a recording lacks its end", slog.String("file", r.file.Name()), slog.Any("error", err))
	}
}
