package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/waystone-mmo/waystone/tools/internal/protos"
)

const root = "../.."

func TestAPIDocsFresh(t *testing.T) {
	files, err := protos.Compile(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Render(files)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(root, "docs", "api", name))
		if err != nil {
			t.Errorf("%v; run make gen", err)
		} else if !bytes.Equal(got, content) {
			t.Errorf("docs/api/%s is stale: run make gen", name)
		}
	}
	have, err := filepath.Glob(filepath.Join(root, "docs", "api", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range have {
		if _, ok := want[filepath.Base(path)]; !ok {
			t.Errorf("%s documents no proto package: delete it", path)
		}
	}
}

func TestEveryRPCIsDocumented(t *testing.T) {
	files, err := protos.Compile(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	check := func(d protoreflect.Descriptor) {
		if comment(d) == "" {
			t.Errorf("%s has no comment", d.FullName())
		}
	}
	n := 0
	for _, f := range files {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			check(s)
			for j := range s.Methods().Len() {
				n++
				m := s.Methods().Get(j)
				check(m)
				checkLabels(t, m)
				for k := range m.Input().Fields().Len() {
					check(m.Input().Fields().Get(k))
				}
			}
		}
	}
	if n == 0 {
		t.Error("no RPC found")
	}
}

// checkLabels: every method lists its errors, a read says how current it is,
// and each of the database part has an example.
func checkLabels(t *testing.T, m protoreflect.MethodDescriptor) {
	t.Helper()
	d := docOf(m)
	options, ok := m.Options().(*descriptorpb.MethodOptions)
	reads := ok && options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
	for _, label := range []struct {
		name, text string
		needed     bool
	}{
		{"Errors", d.errors, true},
		{"Consistency", d.consistency, reads},
		{"Example", d.example, m.ParentFile().Package() == "waystone.database.v1"},
	} {
		if label.needed && label.text == "" {
			t.Errorf("the comment of %s has no paragraph that begins with %q", m.FullName(), label.name+": ")
		}
	}
}

func TestRulesInWords(t *testing.T) {
	files, err := protos.Compile(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[protoreflect.FullName]string{
		"waystone.database.v1.GetUserRequest.user_id":             "1 to 128 characters, no control characters",
		"waystone.database.v1.GetUserRequest.consistency":         "one of its values",
		"waystone.database.v1.GetUserResponse.user":               "",
		"waystone.database.v1.GetCharacterRequest.character_id":   "a decimal number without leading zeros, at most 10 digits",
		"waystone.database.v1.CreateTicketRequest.digest":         "exactly 32 bytes",
		"waystone.database.v1.CreateTicketRequest.lifetime":       "1 s to 180 s",
		"waystone.database.v1.CreateTicketRequest.address":        "at most 64 characters, no control characters",
		"waystone.database.v1.HandOverPlayRequest.stage":          "`STAGE_WORLD` or `STAGE_GAME`",
		"waystone.database.v1.HandOverPlayRequest.generation":     "at least 1",
		"waystone.database.v1.RenewPlaysRequest.plays":            "1 to 1000 items",
		"waystone.database.v1.RefreshSessionsRequest.session_ids": "1 to 1000 items, each 1 to 128 characters, no control characters",
		"waystone.database.v1.SetGameAccountRequest.account":      "required",
		"waystone.database.v1.WatchRequest.cursor":                "at most 64 bytes",
		"waystone.world.v1.Join.former_entity":                    "at most 65535",
		"waystone.auth.v1.LoginRequest.address":                   "an IP address",
		"waystone.character.v1.ListCharactersRequest.user_id":     "1 to 128 characters",
	} {
		d, err := files.AsResolver().FindDescriptorByName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f, ok := d.(protoreflect.FieldDescriptor)
		if !ok {
			t.Errorf("%s is no field", name)
			continue
		}
		if got, err := rulesOf(f); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}
