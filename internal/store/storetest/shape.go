package storetest

import (
	"context"
	"slices"
	"testing"
)

// TestShape checks that what an engine finds of the website's tables stays the
// same until a change, and after it only if the change is none of them.
func TestShape(t *testing.T, s interface {
	Shape(ctx context.Context) ([]string, error)
}, change func(), same bool,
) {
	t.Helper()
	shape := func() []string {
		t.Helper()
		lines, err := s.Shape(t.Context())
		if err != nil || len(lines) == 0 {
			t.Fatal(lines, err)
		}
		return lines
	}
	before := shape()
	if again := shape(); !slices.Equal(before, again) {
		t.Errorf("it is\n%q\nand then\n%q", before, again)
	}
	change()
	if after := shape(); slices.Equal(before, after) != same {
		t.Errorf("it was\n%q\nand is\n%q", before, after)
	}
}
