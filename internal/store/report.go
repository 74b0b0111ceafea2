package store

// Report is what an engine found when it was asked to check itself.
type Report struct {
	Lines []ReportLine
	// Grants are the statements that give the role what it lacks, also where it
	// can do without; but not what an owner has to want, such as the reading of
	// password hashes, which stands in its line alone.
	Grants []string
}

// ReportLine is one thing that was looked at.
type ReportLine struct {
	Object string // what was looked at, such as a table
	OK     bool
	Detail string // what was found, and when not OK or a Warning what to do
	// Warning: OK, but an operator has to know; the start logs it.
	Warning bool
}

// Add appends a line.
func (r *Report) Add(object string, ok bool, detail string) {
	r.Lines = append(r.Lines, ReportLine{Object: object, OK: ok, Detail: detail})
}

// OK reports whether every line is.
func (r *Report) OK() bool {
	for _, l := range r.Lines {
		if !l.OK {
			return false
		}
	}
	return true
}
