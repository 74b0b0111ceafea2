package world

// Tracked returns how many characters the saver keeps.
func (w *World) Tracked() int {
	w.saver.mu.Lock()
	defer w.saver.mu.Unlock()
	return len(w.saver.records)
}
