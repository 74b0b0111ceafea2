package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxFileSize bounds a settings file, in bytes.
const MaxFileSize = 1 << 20

// yamlLine finds the place in an error of the YAML parser.
var yamlLine = regexp.MustCompile(`line \d+`)

// entry is one key of a file with its value and line.
type entry struct {
	key, value string
	line       int
}

// readFile reads the settings file at path; by says who named it. A name that
// ends in .yaml or .yml holds a flat YAML map, any other "key = value" lines.
func (r *Registry) readFile(path, by string, elsewhere []*Registry) (map[*setting]given, error) {
	data, err := readLimited(path)
	if err != nil {
		return nil, fmt.Errorf("%s=%q: %w", by, path, err)
	}
	parse := parseLines
	if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" {
		parse = parseYAML
	}
	entries, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}

	values := map[*setting]given{}
	seen := map[string]int{}
	var errs []error
	for _, e := range entries {
		where := fmt.Sprintf("%s line %d: %s", path, e.line, e.key)
		key := lowerSnake(e.key)
		if line, twice := seen[key]; twice {
			errs = append(errs, fmt.Errorf("%s: is already set in line %d; keep one of the two", where, line))
			continue
		}
		seen[key] = e.line
		if s, ok := r.byKey[key]; ok {
			values[s] = given{text: e.value, by: where}
			continue
		}
		if !knownElsewhere(key, elsewhere) {
			errs = append(errs, fmt.Errorf("%s: no such setting%s", where, r.suggest(key, "", r.keyNames(elsewhere))))
		}
	}
	return values, errors.Join(errs...)
}

func knownElsewhere(key string, elsewhere []*Registry) bool {
	for _, other := range elsewhere {
		if _, ok := other.byKey[key]; ok {
			return true
		}
	}
	return false
}

func (r *Registry) keyNames(elsewhere []*Registry) []string {
	var names []string
	for _, registry := range append([]*Registry{r}, elsewhere...) {
		for _, s := range registry.settings {
			names = append(names, s.key)
		}
	}
	return names
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

// parseLines reads "key = value" lines. Empty lines and lines that begin with
// "#" are skipped. A value in double quotes is read as a Go string; any other
// is taken as it stands, "#" included, without the blanks around it.
func parseLines(data []byte) ([]entry, error) {
	var entries []entry
	var errs []error
	scanner := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
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
		entries = append(entries, entry{key: key, value: value, line: line})
	}
	return entries, errors.Join(append(errs, scanner.Err())...)
}

// parseYAML reads a flat map of scalars, and of lists of scalars.
func parseYAML(data []byte) ([]entry, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		// Only the line is kept: the parser may quote a value, which may be a secret.
		return nil, fmt.Errorf("%s: must be a map of settings in YAML", yamlLine.FindString(err.Error()+" line 1"))
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: must be a map of settings, written key: value", root.Line)
	}
	var entries []entry
	var errs []error
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		text, ok := scalarText(value)
		if !ok || key.Kind != yaml.ScalarNode {
			errs = append(errs, fmt.Errorf("line %d: %s: must be a single value or a list of them", key.Line, key.Value))
			continue
		}
		entries = append(entries, entry{key: key.Value, value: text, line: key.Line})
	}
	return entries, errors.Join(errs...)
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
