package health

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Result is what a check said when it last ran.
type Result struct {
	Name     string
	Critical bool
	OK       bool
	Reason   string // one of Check.Reasons, or Failed; empty if OK
	Error    string // what is wrong and, where that is known, what mends it; empty if OK
	Took     time.Duration

	services []string
}

// MarshalJSON writes the duration in milliseconds.
func (r Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(resultJSON{r.Name, r.Critical, r.OK, r.Reason, r.Error, float64(r.Took.Microseconds()) / 1000})
}

type resultJSON struct {
	Name     string  `json:"name"`
	Critical bool    `json:"critical"`
	OK       bool    `json:"ok"`
	Reason   string  `json:"reason,omitempty"`
	Error    string  `json:"error,omitempty"`
	TookMS   float64 `json:"took_ms"`
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Result) UnmarshalJSON(b []byte) error {
	var v resultJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*r = Result{
		Name: v.Name, Critical: v.Critical, OK: v.OK, Reason: v.Reason, Error: v.Error,
		Took: time.Duration(v.TookMS * float64(time.Millisecond)),
	}
	return nil
}

// String is "name: what is wrong".
func (r Result) String() string { return r.Name + ": " + r.Error }

// concerns reports whether the service cannot serve while the check fails. The
// process as a whole, "", needs every critical one.
func (r Result) concerns(service string) bool {
	if slices.Contains(r.services, service) {
		return true
	}
	return r.Critical && (service == "" || len(r.services) == 0)
}

// Report is the health of the process.
type Report struct {
	// Status is "starting", "draining", or else "ready" or "unready".
	Status string `json:"status"`
	// Ready tells whether the process should get work.
	Ready bool `json:"ready"`
	// Degraded tells that some check fails, be it critical or not.
	Degraded bool `json:"degraded"`
	// Checks are the results, in the order in which the checks were added.
	Checks []Result `json:"checks"`
}

// String is the status, and what is wrong, a line each.
func (r Report) String() string {
	lines := []string{r.Status}
	for _, c := range r.Failing() {
		lines = append(lines, c.String())
	}
	return strings.Join(lines, "\n  ")
}

// Failing are the checks that fail, those first that make the process unready.
func (r Report) Failing() []Result {
	var critical, degraded []Result
	for _, c := range r.Checks {
		switch {
		case c.OK:
		case c.Critical:
			critical = append(critical, c)
		default:
			degraded = append(degraded, c)
		}
	}
	return append(critical, degraded...)
}

func (h *Health) report() Report {
	r := Report{Status: h.state.String(), Ready: h.state == Ready, Checks: append([]Result{}, h.results...)}
	for _, result := range h.results {
		if result.OK {
			continue
		}
		r.Degraded = true
		if result.Critical {
			r.Ready = false
		}
	}
	if h.state == Ready && !r.Ready {
		r.Status = "unready"
	}
	return r
}

// Live answers probes that ask whether the process should be restarted: 200
// whenever it can answer at all, because no check failing is mended by that.
func (h *Health) Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // a probe that hung up has no use for the error
	})
}

// Ready answers probes that ask whether the process should get work: 200 or
// 503, with the Report as JSON.
func (h *Health) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		report := h.Report()
		body, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if !report.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write(append(body, '\n'))
	})
}
