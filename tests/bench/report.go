package main

import (
	"fmt"
	"io"
	"strconv"
)

// report is everything that was measured.
type report struct {
	command string
	machine string
	notes   []string
	ratios  []ratio
	costs   []cost
	facts   []fact
}

// cost is what one call costs the server.
type cost struct {
	call           string
	objects, bytes float64 // allocated
	cpu            float64 // microseconds
}

// fact is a measurement that is no ratio.
type fact struct{ what, measured, target, verdict string }

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "not met"
}

// atLeast writes the target of a ratio.
func (r ratio) atLeast() string {
	if r.target == 0 {
		return "none"
	}
	return fmt.Sprintf("≥ %.2f", r.target)
}

func (r ratio) verdict() string {
	if r.target == 0 {
		return ""
	}
	return verdict(r.median >= r.target)
}

// rate writes calls per second: few of them with a decimal.
func rate(v float64) string {
	if v < 100 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return thousands(v)
}

// write writes Markdown that can be pasted into a document.
func (r *report) write(out io.Writer) error {
	w := &printer{out: out}
	w.line("`%s`, %s. %d callers on %d connections; medians of the pairs, and the middle 80 %% of them.", r.command, r.machine, callers, connections)
	for _, n := range r.notes {
		w.line("\n%s", n)
	}
	if len(r.ratios) > 0 {
		w.line("\n| call | compared | ratio | 10–90 %% | target | | calls/s | against |")
		w.line("|---|---|--:|--:|--:|---|--:|--:|")
		for _, x := range r.ratios {
			w.line("| %s | %s : %s | %.2f | %.2f–%.2f | %s | %s | %s | %s |", x.name, x.a, x.b, x.median, x.low, x.high,
				x.atLeast(), x.verdict(), rate(x.rateA), rate(x.rateB))
		}
	}
	if len(r.costs) > 0 {
		w.line("\n| warm call | allocations in the server | bytes | CPU, µs |")
		w.line("|---|--:|--:|--:|")
		for _, c := range r.costs {
			w.line("| %s | %.0f | %s | %.0f |", c.call, c.objects, thousands(c.bytes), c.cpu)
		}
	}
	if len(r.facts) > 0 {
		w.line("\n| | measured | target | |")
		w.line("|---|---|---|---|")
		for _, f := range r.facts {
			w.line("| %s | %s | %s | %s |", f.what, f.measured, f.target, f.verdict)
		}
	}
	return w.err
}

// printer keeps the first error of a series of lines.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format+"\n", args...)
	}
}

// thousands writes a number without decimals, in groups of three digits.
func thousands(v float64) string {
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
