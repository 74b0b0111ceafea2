// Command protodoc writes the API reference from the comments and
// rules of the proto files: protodoc ROOT writes ROOT/docs/api/*.md.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/waystone-mmo/waystone/tools/internal/protos"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodoc ROOT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodoc:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	files, err := protos.Compile(context.Background(), root)
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "docs", "api")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	pages, err := Render(files)
	if err != nil {
		return err
	}
	for name, content := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
