package store

// Report is the result of an engine's check of itself.
type Report struct {
	Lines []ReportLine
	// Grants are the statements that give the role the rights that it lacks,
	// also those that it does not need. Rights that the owner has to decide
	// about, such as reading password hashes, are only in their line.
	Grants []string
}

// ReportLine is one thing that was looked at.
type ReportLine struct {
	Object string // what was looked at, such as a table
	OK     bool
	Detail string // what was found, and what to do if not OK or a Warning
	// Warning: OK, but the operator should know. The start logs it.
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
