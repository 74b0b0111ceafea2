package turns

// Keys returns how many keys are remembered.
func (t *Turns) Keys() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.keys)
}
