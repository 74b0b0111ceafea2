package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// mutation is one mistake: text of a file that is replaced by another.
type mutation struct {
	file     string // from the root of the module, with slashes
	line     int
	function string
	kind     string
	was, is  string // what is shown
	from, to int    // offsets of what is replaced
	with     string
	nth      int // among equal ones of the function, from 0
}

// id is the same for as long as the function has this code.
func (m mutation) id() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s\x00%s\x00%d", m.file, m.function, m.kind, m.was, m.is, m.nth))
	return hex.EncodeToString(sum[:4])
}

func (m mutation) String() string {
	return fmt.Sprintf("%s %s:%d (%s) %s: %s -> %s", m.id(), m.file, m.line, m.function, m.kind, oneLine(m.was), oneLine(m.is))
}

func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return s
}

// find returns the mistakes that can be made in a package, in the order of
// their ids.
func find(root, pkg string) ([]mutation, error) {
	names, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pkg), "*.go"))
	if err != nil {
		return nil, err
	}
	var all []mutation
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found, err := inFile(pkg+"/"+filepath.Base(name), source)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is nothing to change in %s: has the package moved?", pkg)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].id() < all[j].id() })
	return all, nil
}

// inFile returns the mistakes that can be made in the functions of a file.
func inFile(name string, source []byte) ([]mutation, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	if ast.IsGenerated(file) {
		return nil, nil
	}
	var all []mutation
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		c := collector{file: name, function: functionName(f), files: files, source: source, seen: map[string]int{}}
		ast.Inspect(f.Body, c.visit)
		all = append(all, c.found...)
	}
	return all, nil
}

func functionName(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return f.Name.Name
	}
	receiver := f.Recv.List[0].Type
	for {
		switch t := receiver.(type) {
		case *ast.StarExpr:
			receiver = t.X
			continue
		case *ast.IndexExpr:
			receiver = t.X
			continue
		case *ast.Ident:
			return t.Name + "." + f.Name.Name
		}
		return f.Name.Name
	}
}

// collector gathers the mistakes of one function.
type collector struct {
	file, function string
	files          *token.FileSet
	source         []byte
	seen           map[string]int
	found          []mutation
}

func (c *collector) offset(p token.Pos) int { return c.files.Position(p).Offset }

func (c *collector) text(n ast.Node) string {
	return string(c.source[c.offset(n.Pos()):c.offset(n.End())])
}

// add notes that the text between two places becomes another.
func (c *collector) add(kind string, from, to token.Pos, with, was, is string) {
	m := mutation{
		file: c.file, line: c.files.Position(from).Line, function: c.function, kind: kind, was: was, is: is,
		from: c.offset(from), to: c.offset(to), with: with,
	}
	key := m.id()
	m.nth = c.seen[key]
	c.seen[key]++
	c.found = append(c.found, m)
}

// replace notes that a node becomes another text.
func (c *collector) replace(kind string, n ast.Node, with string) {
	c.add(kind, n.Pos(), n.End(), with, c.text(n), with)
}

// apply returns the source with a mistake in it.
func (m mutation) apply(source []byte) []byte {
	changed := append([]byte{}, source[:m.from]...)
	changed = append(changed, m.with...)
	return append(changed, source[m.to:]...)
}
