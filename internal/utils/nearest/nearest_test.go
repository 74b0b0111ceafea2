package nearest_test

import (
	"testing"

	"github.com/waystone-mmo/waystone/internal/utils/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	known := []string{"check", "check-users", "log-level", "n"}
	for name, want := range map[string]string{
		"chek": "check", "chekc": "check", "check-user": "check-users", "loglevel": "log-level",
		"zzzzz": "", "gateway": "", "check": "check",
	} {
		if got := nearest.Name(name, known); got != want {
			t.Errorf("%s is taken for %q, want %q", name, got, want)
		}
	}
	if got := nearest.Suggest("chek", "--", known); got != "; did you mean --check?" {
		t.Errorf("got %q", got)
	}
	if got := nearest.Suggest("gateway", "--", known); got != "" {
		t.Errorf("got %q", got)
	}
}
