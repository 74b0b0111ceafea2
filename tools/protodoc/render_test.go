package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/waystone-mmo/waystone/tools/internal/protos"
)

const root = "../.."

func TestAPIDocsFresh(t *testing.T) {
	files, err := protos.Compile(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	want := Render(files)
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
