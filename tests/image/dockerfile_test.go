package image_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile's, with its lines joined.
type instruction struct {
	name  string            // in capitals
	flags map[string]string // --name=value
	args  string            // the rest
}

// stage is what one FROM begins.
type stage struct {
	base, name   string
	instructions []instruction
}

// known are the instructions that this test understands; a Dockerfile with
// another one needs a test that can judge it.
var known = []string{"ARG", "CMD", "COPY", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL", "USER", "WORKDIR"}

// parse reads a Dockerfile.
func parse(text string) ([]stage, error) {
	var stages []stage
	var joined string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if head, more := strings.CutSuffix(line, `\`); more {
			joined += head
			continue
		}
		i, err := parseInstruction(joined + line)
		joined = ""
		switch {
		case err != nil:
			return nil, err
		case i.name == "FROM":
			words := strings.Fields(i.args)
			s := stage{base: words[0]}
			if len(words) == 3 && strings.EqualFold(words[1], "AS") {
				s.name = words[2]
			} else if len(words) != 1 {
				return nil, fmt.Errorf("FROM %s: must be an image, and AS with a name", i.args)
			}
			stages = append(stages, s)
		case len(stages) == 0:
			return nil, fmt.Errorf("%s comes before the first FROM", i.name)
		default:
			last := &stages[len(stages)-1]
			last.instructions = append(last.instructions, i)
		}
	}
	if joined != "" || len(stages) == 0 {
		return nil, fmt.Errorf("it ends in the middle: %q", joined)
	}
	return stages, nil
}

func parseInstruction(line string) (instruction, error) {
	name, rest, _ := strings.Cut(line, " ")
	i := instruction{name: strings.ToUpper(name), flags: map[string]string{}}
	if i.name != "FROM" && !slices.Contains(known, i.name) {
		return i, fmt.Errorf("the instruction %s is not known here", name)
	}
	for rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "--"); rest = strings.TrimSpace(rest) {
		var flag string
		flag, rest, _ = strings.Cut(rest, " ")
		key, value, ok := strings.Cut(flag[2:], "=")
		if !ok {
			return i, fmt.Errorf("%s: the flag %s has no value", name, flag)
		}
		i.flags[key] = value
	}
	if i.args = rest; rest == "" {
		return i, fmt.Errorf("%s says nothing", name)
	}
	return i, nil
}

// execForm is the list of words of a CMD in exec form, the only one that works
// without a shell.
func execForm(args string) ([]string, error) {
	var words []string
	if err := json.Unmarshal([]byte(args), &words); err != nil || len(words) == 0 {
		return nil, fmt.Errorf("%s: must be a list of words, as there is no shell in the image", args)
	}
	return words, nil
}

// image is what the last stage makes.
type image struct {
	env     map[string]string
	copies  [][2]string // from the build stage, to the image
	user    string
	cmd     []string
	health  []string
	exposed []string
	stop    string
}

func (s stage) image() (image, error) {
	im := image{env: map[string]string{}}
	for _, i := range s.instructions {
		var err error
		switch i.name {
		case "ENV":
			name, value, ok := strings.Cut(i.args, "=")
			if !ok || strings.ContainsAny(value, "\" $") {
				return im, fmt.Errorf("ENV %s: must be name=value, without spaces", i.args)
			}
			im.env[name] = value
		case "COPY":
			words := strings.Fields(i.args)
			if i.flags["from"] == "" || len(words) != 2 || len(i.flags) != 1 {
				return im, fmt.Errorf("COPY %s: must be one file from the build stage", i.args)
			}
			im.copies = append(im.copies, [2]string{words[0], words[1]})
		case "USER":
			im.user = i.args
		case "CMD":
			im.cmd, err = execForm(i.args)
		case "HEALTHCHECK":
			command, ok := strings.CutPrefix(i.args, "CMD ")
			if !ok {
				return im, fmt.Errorf("HEALTHCHECK %s: must be a CMD", i.args)
			}
			im.health, err = execForm(command)
		case "EXPOSE":
			im.exposed = strings.Fields(i.args)
		case "STOPSIGNAL":
			im.stop = i.args
		case "LABEL":
		default:
			err = fmt.Errorf("%s is not expected in the last stage", i.name)
		}
		if err != nil {
			return im, err
		}
	}
	return im, nil
}

func dockerfile(t *testing.T) (build stage, im image) {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages, err := parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 2 || stages[1].base != "scratch" {
		t.Fatalf("the stages are %+v, want one that builds and one from scratch", stages)
	}
	if im, err = stages[1].image(); err != nil {
		t.Fatal(err)
	}
	return stages[0], im
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "RUN go build", "FROM a b", "FROM a\nADD x y", "FROM a\nRUN", "FROM a\nRUN x \\", "FROM a\nCOPY --link a b",
	} {
		if stages, err := parse(text); err == nil {
			t.Errorf("%q is %+v", text, stages)
		}
	}
	for _, text := range []string{
		"CMD waystone serve", "HEALTHCHECK NONE", "HEALTHCHECK CMD waystone health", "ENV A", "ENV A=$B", "COPY a b", "RUN x", "WORKDIR /",
	} {
		stages, err := parse("FROM scratch\n" + text)
		if err != nil {
			t.Fatal(err)
		}
		if im, err := stages[0].image(); err == nil {
			t.Errorf("%q is %+v", text, im)
		}
	}
}
