package packet

import "time"

// RefreshInterval is refreshInterval.
const RefreshInterval = refreshInterval

// SetSaveWait sets how long the end of a play waits for the world. It is called
// before the server runs.
func (s *Server) SetSaveWait(d time.Duration) { s.saveWait = d }
