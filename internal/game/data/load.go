package data

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// MaxFileSize is the largest data file that is read, in bytes.
const MaxFileSize = 1 << 20

// Embedded is the name under which Load reports on the tables of the binary.
const Embedded = "built-in world.yaml"

//go:embed world.yaml
var embedded []byte

// file is the shape of a data file.
type file struct {
	Motion Motion `yaml:"motion"`
	Vitals vitals `yaml:"vitals"`
	Zones  []Zone `yaml:"zones"`
}

type vitals struct {
	HP Vital `yaml:"hp"`
	MP Vital `yaml:"mp"`
}

// Load returns the tables that are built into the binary.
func Load() (*Data, error) { return Parse(Embedded, embedded) }

// LoadFile returns the tables of a file; "" means the built-in ones.
func LoadFile(path string) (*Data, error) {
	if path == "" {
		return Load()
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("world data: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("world data: %w", err)
	}
	if len(text) > MaxFileSize {
		return nil, fmt.Errorf("world data: %s: larger than %d bytes", path, MaxFileSize)
	}
	return Parse(path, text)
}

// Parse reads tables from YAML and checks them. Every mistake is reported, one
// a line, each with the name of the file, the zone and the field.
func Parse(name string, text []byte) (*Data, error) {
	d := &Data{source: name, zones: map[uint16]*Zone{}}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&d.file); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return nil, fmt.Errorf("world data: %s: %w", name, err)
	}
	slices.SortStableFunc(d.file.Zones, func(a, b Zone) int { return int(a.ID) - int(b.ID) })
	c := checker{file: name}
	for i := range d.file.Zones {
		z := &d.file.Zones[i]
		if _, twice := d.zones[z.ID]; twice {
			c.fail(zoneName(z), "id", "is used by two zones")
		}
		d.zones[z.ID] = z
	}
	c.all(d)
	if err := errors.Join(c.errs...); err != nil {
		return nil, err
	}
	return d, nil
}
