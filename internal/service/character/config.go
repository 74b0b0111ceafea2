package character

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// MaxFileSize is the largest file of rules, start or words that is read, in
// bytes.
const MaxFileSize = 1 << 20

// Config holds the settings of the character part: files that are read once,
// when it starts.
type Config struct {
	// RulesFile is the path of a file in the shape of rules.yaml; empty for the
	// built-in one.
	RulesFile string
	// StartFile is the path of a file in the shape of start.yaml; empty for the
	// built-in one.
	StartFile string
	// WordsFile is the path of a list of words that no name may contain;
	// empty for none.
	WordsFile string
}

// Register adds the settings to a section.
func (c *Config) Register(s *config.Section) {
	s.String(&c.RulesFile, "character-rules-file", "", "Path of a file with the rules for looks and the reserved words; empty for the built-in ones.")
	s.String(&c.StartFile, "character-start-file", "", "Path of a file that says with what and where a new character starts; empty for the built-in one.")
	s.String(&c.WordsFile, "character-words-file", "", "Path of a list of words that no name may contain, one word on each line; empty for none.")
}

// readFile returns what is in a file of at most MaxFileSize bytes. Errors name
// the file.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxFileSize {
		return nil, fmt.Errorf("%s: is larger than %d bytes", path, MaxFileSize)
	}
	return text, nil
}

// readYAML reads a file into v, or the built-in text when there is no path. A
// key that v does not have is an error that names its line.
func readYAML(path, builtInName string, builtIn []byte, v any) (name string, err error) {
	if path == "" {
		return builtInName, parseYAML(builtInName, builtIn, v)
	}
	text, err := readFile(path)
	if err != nil {
		return path, err
	}
	return path, parseYAML(path, text, v)
}

func parseYAML(name string, text []byte, v any) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	err := dec.Decode(v)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: is empty", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: has more than one document", name)
	}
	return nil
}

// problems collects all errors in a file, so that they are reported together.
type problems struct {
	file string
	errs []error
}

func (p *problems) add(where, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s: %s", p.file, where, fmt.Sprintf(format, args...)))
}

func (p *problems) err() error { return errors.Join(p.errs...) }
