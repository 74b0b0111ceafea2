package fairpool

// Lines returns how many lines are remembered.
func (p *Pool) Lines() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}
