package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// TestIdempotentMethods: what a method promises in the proto
// (idempotency_level) is what is done when a part cannot be reached.
func TestIdempotentMethods(t *testing.T) {
	t.Parallel()
	var promised []string
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "waystone.") {
			return true
		}
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				m := s.Methods().Get(j)
				if m.IsStreamingServer() || m.IsStreamingClient() {
					continue // who calls it begins it anew
				}
				options, ok := m.Options().(*descriptorpb.MethodOptions)
				if ok && options.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
					promised = append(promised, string(s.FullName())+"/"+string(m.Name()))
				}
			}
		}
		return true
	})
	listed := idempotentMethods()
	slices.Sort(promised)
	slices.Sort(listed)
	if d := cmp.Diff(promised, listed); d != "" {
		t.Errorf("idempotentMethods differs from idempotency_level in the protos (-proto +listed):\n%s", d)
	}
}
