package tools_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/waystone-mmo/waystone/tools/internal/protos"
)

// TestGeneratedCodeFresh runs the pinned plugins in memory and compares what
// they give with what is committed under gen/.
func TestGeneratedCodeFresh(t *testing.T) {
	const root = ".."
	files, err := protos.Compile(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	req, err := protos.Request(files, "paths=source_relative")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, plugin := range []string{"protoc-gen-go", "protoc-gen-go-grpc"} {
		cmd := exec.CommandContext(t.Context(), "go", "tool", plugin)
		cmd.Stdin = bytes.NewReader(req)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", plugin, err, stderr.String())
		}
		var resp pluginpb.CodeGeneratorResponse
		if err := proto.Unmarshal(out, &resp); err != nil {
			t.Fatalf("%s: %v", plugin, err)
		}
		if resp.Error != nil {
			t.Fatalf("%s: %s", plugin, resp.GetError())
		}
		for _, f := range resp.GetFile() {
			want[f.GetName()] = f.GetContent()
		}
	}
	gen := filepath.Join(root, "gen")
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(gen, name))
		if err != nil {
			t.Errorf("%v; run make gen", err)
		} else if withoutVersions(string(got)) != withoutVersions(content) {
			t.Errorf("gen/%s is stale: run make gen", name)
		}
	}
	err = fs.WalkDir(os.DirFS(gen), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if _, ok := want[path]; !ok {
				t.Errorf("gen/%s comes from no proto file: delete it", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// withoutVersions drops the header lines that name the compiler's version:
// the compiler that calls the plugins here is not the one of make gen.
func withoutVersions(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, "//") && strings.Contains(line, "protoc") && !strings.Contains(line, "source:") {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}
