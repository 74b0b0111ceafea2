package config

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/waystone-mmo/waystone/internal/utils/nearest"
)

// MaxFileSize bounds a settings file, in bytes.
const MaxFileSize = 1 << 20

// fileLayer reads the file that --config, else the environment names; none is
// an empty layer.
func (r *Registry) fileLayer(flags *pflag.FlagSet, environ []string, elsewhere []*Registry) (layer, error) {
	empty := layer{FromFile, koanf.New("."), nil}
	path, by := "", r.FileEnv()
	for _, pair := range environ {
		if value, ok := strings.CutPrefix(pair, by+"="); ok {
			path = value
		}
	}
	if f := flags.Lookup("config"); f != nil && f.Changed {
		path, by = f.Value.String(), "--config"
		if path == "" {
			return empty, errors.New("--config: needs the path of a file")
		}
	}
	if path == "" {
		return empty, nil
	}
	data, err := readLimited(path)
	if err != nil {
		return empty, fmt.Errorf("%s=%q: %w", by, path, err)
	}
	entries := fileParser{lines: map[string]int{}, yaml: slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path))}
	values := koanf.New(".")
	if err := values.Load(rawbytes.Provider(data), &entries); err != nil {
		return empty, fmt.Errorf("%s: %w", path, err)
	}
	return layer{FromFile, values, func(s *setting) string {
		return fmt.Sprintf("%s line %d: %s", path, entries.lines[s.key], s.key)
	}}, r.unknownKeys(path, entries.lines, elsewhere)
}

// unknownKeys names every key of a file that no registry knows.
func (r *Registry) unknownKeys(path string, lines map[string]int, elsewhere []*Registry) error {
	known := slices.Sorted(maps.Keys(r.byKey))
	accepted := known
	for _, other := range elsewhere {
		accepted = slices.AppendSeq(accepted, maps.Keys(other.byKey))
	}
	var errs []error
	for _, key := range slices.SortedFunc(maps.Keys(lines), func(a, b string) int { return cmp.Compare(lines[a], lines[b]) }) {
		if !slices.Contains(accepted, key) {
			errs = append(errs, fmt.Errorf("%s line %d: %s: no such setting%s", path, lines[key], key, r.suggest(key, known)))
		}
	}
	return errors.Join(errs...)
}

// suggest completes "no such setting".
func (r *Registry) suggest(name string, known []string) string {
	if s := nearest.Suggest(name, "", known); s != "" {
		return s
	}
	return fmt.Sprintf("; `%s serve --help` lists all settings", r.program)
}

func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, readable(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, readable(err)
	}
	if len(data) > MaxFileSize {
		return nil, fmt.Errorf("must be a file of at most %d bytes", MaxFileSize)
	}
	return data, nil
}

// readable drops the path from an error, as the sentence names it already.
func readable(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("must be a file that can be read: %w", err)
}

// fileParser is a koanf.Parser that keeps every value as the text that stands in
// the file. koanf's own parsers do not: that for YAML makes numbers of a token
// of digits, that for .env files takes a "$" or "#" out of a password.
type fileParser struct {
	lines map[string]int // of each key
	yaml  bool
}

var _ koanf.Parser = (*fileParser)(nil)

// Unmarshal implements koanf.Parser.
func (p *fileParser) Unmarshal(data []byte) (map[string]any, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if p.yaml {
		return p.parseYAML(data)
	}
	return p.parseLines(data)
}

// Marshal implements koanf.Parser; nothing here writes files.
func (p *fileParser) Marshal(map[string]any) ([]byte, error) { return nil, errors.ErrUnsupported }

// add adds a value. A key may be written as the flag, the variable or the key.
func (p *fileParser) add(values map[string]any, key, value string, line int) error {
	normal := lowerSnake(key)
	if first, twice := p.lines[normal]; twice {
		return fmt.Errorf("line %d: %s: is already set in line %d; keep one of the two", line, key, first)
	}
	p.lines[normal], values[normal] = line, value
	return nil
}

// parseLines reads "key = value" lines. Empty lines and lines that begin with
// "#" are skipped. A value in double quotes is read as a Go string; any other
// is taken as it stands, "#" included, without the blanks around it.
func (p *fileParser) parseLines(data []byte) (map[string]any, error) {
	values := map[string]any{}
	var errs []error
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, MaxFileSize+1)
	for line := 1; scanner.Scan(); line++ {
		text := strings.TrimSpace(scanner.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" {
			// The line is not quoted: it may hold a secret.
			errs = append(errs, fmt.Errorf("line %d: must read key = value", line))
			continue
		}
		if strings.HasPrefix(value, `"`) {
			unquoted, err := strconv.Unquote(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("line %d: %s: the quotes of the value do not close", line, key))
				continue
			}
			value = unquoted
		}
		errs = append(errs, p.add(values, key, value, line))
	}
	return values, errors.Join(append(errs, scanner.Err())...)
}

// yamlLine finds the place in an error of the YAML parser.
var yamlLine = regexp.MustCompile(`line \d+`)

// parseYAML reads a flat map of scalars, and of lists of scalars.
func (p *fileParser) parseYAML(data []byte) (map[string]any, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		// Only the line is kept: the parser may quote a value, which may be a secret.
		return nil, fmt.Errorf("%s: must be a map of settings in YAML", yamlLine.FindString(err.Error()+" line 1"))
	}
	values := map[string]any{}
	if len(doc.Content) == 0 {
		return values, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: must be a map of settings, written key: value", root.Line)
	}
	var errs []error
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		text, ok := scalarText(value)
		if !ok || key.Kind != yaml.ScalarNode {
			errs = append(errs, fmt.Errorf("line %d: %s: must be a single value or a list of them", key.Line, key.Value))
			continue
		}
		errs = append(errs, p.add(values, key.Value, text, key.Line))
	}
	return values, errors.Join(errs...)
}

// scalarText is a scalar as written, or a list of scalars joined by commas.
func scalarText(n *yaml.Node) (string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "", true
		}
		return n.Value, true
	case yaml.SequenceNode:
		items := make([]string, 0, len(n.Content))
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return "", false
			}
			items = append(items, item.Value)
		}
		return joinList(items), true
	default:
		return "", false
	}
}
