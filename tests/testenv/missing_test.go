package testenv_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/waystone-mmo/waystone/tests/testenv"
)

// verdict records how a test would have ended.
type verdict struct {
	testing.TB
	skipped, failed string
	cleanups        []func()
}

// Cleanup keeps f for end.
func (v *verdict) Cleanup(f func()) { v.cleanups = append(v.cleanups, f) }

// end is the end of the test.
func (v *verdict) end() {
	for _, f := range slices.Backward(v.cleanups) {
		f()
	}
}

func (v *verdict) Errorf(format string, args ...any) { v.failed = fmt.Sprintf(format, args...) }

func (v *verdict) Helper() {}

func (v *verdict) Skip(args ...any) {
	v.skipped = args[0].(string)
	runtime.Goexit()
}

func (v *verdict) Fatalf(format string, args ...any) {
	v.failed = strings.ReplaceAll(format, "%s", args[0].(string))
	runtime.Goexit()
}

// judge runs f as a test of its own.
func judge(f func(t testing.TB)) *verdict {
	v := &verdict{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(v)
	}()
	<-done
	return v
}

func TestMissingServerSkipsButFailsUnderCI(t *testing.T) {
	for _, tt := range []struct {
		ci    string
		fails bool
	}{
		{ci: "", fails: false},
		{ci: "false", fails: false},
		{ci: "0", fails: false},
		{ci: "true", fails: true},
		{ci: "1", fails: true},
		{ci: "some pipeline", fails: true},
	} {
		t.Run("CI="+tt.ci, func(t *testing.T) {
			t.Setenv("CI", tt.ci)
			v := judge(func(t testing.TB) { t.Helper(); testenv.Missing(t, "run make test") })
			if tt.fails && (!strings.Contains(v.failed, "run make test") || v.skipped != "") {
				t.Errorf("failed %q, skipped %q: want a failure with the hint", v.failed, v.skipped)
			}
			if !tt.fails && (v.skipped != "run make test" || v.failed != "") {
				t.Errorf("failed %q, skipped %q: want a skip with the hint", v.failed, v.skipped)
			}
		})
	}
}

func TestUnsetVariableIsNamed(t *testing.T) {
	t.Setenv("CI", "")
	t.Setenv(testenv.DatabaseURLVariable, "")
	t.Setenv(testenv.RedisURLVariable, "")
	for name, f := range map[string]func(testing.TB){
		testenv.DatabaseURLVariable: func(t testing.TB) { t.Helper(); testenv.Postgres(t) },
		testenv.RedisURLVariable:    func(t testing.TB) { t.Helper(); testenv.Redis(t) },
	} {
		if v := judge(f); !strings.Contains(v.skipped, name) || !strings.Contains(v.skipped, "make test") {
			t.Errorf("skipped with %q: want the variable %s and what to run", v.skipped, name)
		}
	}
}
