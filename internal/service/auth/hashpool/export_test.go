package hashpool

// Lines returns how many networks are remembered.
func (p *Pool) Lines() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}
