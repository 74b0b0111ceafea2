package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// ports are where the parts listen when they run as they come.
var ports = map[string]int{"auth": 50051, "database": 50052, "character": 50053, "world": 50054}

// everyCall says what can come of any call, whatever its method.
const everyCall = `
## Errors

A call that fails has a code and, in its details, an ErrorInfo of the domain
waystone with a reason: decide by the reason, never by the text. Each method below
lists its own. These can come of any:

| code | reason | when |
|---|---|---|
| INVALID_ARGUMENT | ` + "`INVALID_` and the field, as in `INVALID_USER_ID`" + ` | a field breaks its rule; BadRequest in the details names it |
| INVALID_ARGUMENT | ` + "`MALFORMED_REQUEST`" + ` | the bytes are no such message |
| UNAUTHENTICATED | ` + "`TOKENS_NEEDED`, `CALLER_UNKNOWN`" + ` | the caller is not one that may call the method |
| DEADLINE_EXCEEDED | ` + "`DEADLINE_EXCEEDED`" + ` | the caller's deadline passed; a write may have happened |
| CANCELLED | ` + "`CANCELED`" + ` | the caller went away |
| UNAVAILABLE | ` + "`STORE_UNAVAILABLE`, `PART_UNAVAILABLE`" + ` | the database, or another part, cannot be reached: try again; a write may have happened. It never means that a session is over |
| INTERNAL | ` + "`INTERNAL`, `PANIC`" + ` | a defect; the log has the cause |
`

// examples says how the examples are meant.
const examples = `
The examples call a server on the same machine with
[grpcurl](https://github.com/fullstorydev/grpcurl). From elsewhere a method that is
for other parts takes the caller's token too (` + "`SERVICE_TOKENS`" + `): ` + "`-H 'x-waystone-token: …'`" + `.
`

// Render returns the API reference: file name → content, one file for each
// proto package that has a service, named after its part.
func Render(files linker.Files) (map[string][]byte, error) {
	byPackage := map[protoreflect.FullName][]protoreflect.FileDescriptor{}
	for _, f := range files {
		byPackage[f.Package()] = append(byPackage[f.Package()], f)
	}
	out := map[string][]byte{}
	var failed error
	for pkg, fs := range byPackage {
		part := strings.Split(string(pkg), ".")[1]
		r := renderer{part: part, inline: map[protoreflect.FullName]bool{}}
		r.pkg(pkg, fs)
		out[part+".md"] = r.Bytes()
		failed = errors.Join(failed, r.failed)
	}
	return out, failed
}

// renderer writes the reference of a part.
type renderer struct {
	bytes.Buffer
	part   string
	inline map[protoreflect.FullName]bool // messages shown with their method
	failed error
}

func (r *renderer) pkg(pkg protoreflect.FullName, files []protoreflect.FileDescriptor) {
	sort.Slice(files, func(i, j int) bool { return files[i].Path() < files[j].Path() })
	fmt.Fprintf(r, "# API of the %s part\n\n", r.part)
	fmt.Fprintf(r, "Package `%s`, written from the comments and rules in `proto/` by `make gen`; not edited by hand.\n", pkg)
	r.WriteString(everyCall)
	var services []protoreflect.ServiceDescriptor
	for _, f := range files {
		for i := range f.Services().Len() {
			services = append(services, f.Services().Get(i))
		}
	}
	if slices.ContainsFunc(services, hasExample) {
		r.WriteString(examples)
	}
	for _, s := range services {
		r.service(s)
	}
	r.WriteString("\n## Types\n")
	for _, f := range files {
		for i := range f.Messages().Len() {
			m := f.Messages().Get(i)
			if r.inline[m.FullName()] {
				continue
			}
			fmt.Fprintf(r, "\n### %s\n\n%s\n", m.Name(), comment(m))
			r.fields(m)
			for j := range m.Enums().Len() {
				renderEnum(&r.Buffer, m.Enums().Get(j))
			}
		}
		for i := range f.Enums().Len() {
			renderEnum(&r.Buffer, f.Enums().Get(i))
		}
	}
}

func hasExample(s protoreflect.ServiceDescriptor) bool {
	for i := range s.Methods().Len() {
		if docOf(s.Methods().Get(i)).example != "" {
			return true
		}
	}
	return false
}

func (r *renderer) service(s protoreflect.ServiceDescriptor) {
	fmt.Fprintf(r, "\n## %s\n\n%s\n", s.Name(), comment(s))
	for i := range s.Methods().Len() {
		m := s.Methods().Get(i)
		kind := ""
		if m.IsStreamingClient() || m.IsStreamingServer() {
			kind = " (stream)"
		}
		d := docOf(m)
		fmt.Fprintf(r, "\n### %s%s\n\n%s\n\n`%s`\n", m.Name(), kind, strings.Join(d.text, "\n\n"), m.FullName())
		for _, p := range []struct{ label, text string }{{"Errors", d.errors}, {"Consistency", d.consistency}} {
			if p.text != "" {
				fmt.Fprintf(r, "\n**%s:** %s\n", p.label, p.text)
			}
		}
		if d.example != "" {
			r.example(m, d.example)
		}
		for _, io := range []struct {
			word string
			msg  protoreflect.MessageDescriptor
		}{{"Request", m.Input()}, {"Response", m.Output()}} {
			r.inline[io.msg.FullName()] = true
			fmt.Fprintf(r, "\n%s `%s`: %s\n", io.word, io.msg.Name(), lowerFirst(comment(io.msg)))
			r.fields(io.msg)
		}
	}
}

// example writes a call that works in a shell.
func (r *renderer) example(m protoreflect.MethodDescriptor, request string) {
	const wide = 72
	if len(request) > wide {
		var indented bytes.Buffer
		if err := json.Indent(&indented, []byte(request), "", "  "); err != nil {
			r.failed = errors.Join(r.failed, fmt.Errorf("example of %s: %w", m.FullName(), err))
		}
		request = indented.String()
	}
	if strings.Contains(request, "'") {
		r.failed = errors.Join(r.failed, fmt.Errorf("example of %s: a quote would end the shell's", m.FullName()))
	}
	fmt.Fprintf(r, "\n```sh\ngrpcurl -plaintext -d '%s' \\\n  127.0.0.1:%d %s/%s\n```\n", request, ports[r.part], m.Parent().FullName(), m.Name())
}

// methodDoc is the comment of a method. Paragraphs that begin with a label say
// what its name says.
type methodDoc struct {
	text                         []string
	errors, consistency, example string
}

func docOf(m protoreflect.MethodDescriptor) methodDoc {
	var d methodDoc
	c := m.ParentFile().SourceLocations().ByDescriptor(m).LeadingComments
	for paragraph := range strings.SplitSeq(c, "\n\n") {
		p := strings.Join(strings.Fields(paragraph), " ")
		label, rest, _ := strings.Cut(p, ": ")
		switch label {
		case "Errors":
			d.errors = rest
		case "Consistency":
			d.consistency = rest
		case "Example":
			d.example = rest
		default:
			d.text = append(d.text, p)
		}
	}
	return d
}

// fields writes the table of a message's fields, with their rules where any has
// one.
func (r *renderer) fields(m protoreflect.MessageDescriptor) {
	if m.Fields().Len() == 0 {
		return
	}
	rules := make([]string, m.Fields().Len())
	ruled := false
	for i := range rules {
		var err error
		rules[i], err = rulesOf(m.Fields().Get(i))
		r.failed = errors.Join(r.failed, err)
		ruled = ruled || rules[i] != ""
	}
	if ruled {
		r.WriteString("\n| # | field | type | rule | meaning |\n|--:|---|---|---|---|\n")
	} else {
		r.WriteString("\n| # | field | type | meaning |\n|--:|---|---|---|\n")
	}
	for i, rule := range rules {
		f := m.Fields().Get(i)
		fmt.Fprintf(r, "| %d | `%s` | %s |", f.Number(), f.Name(), typeOf(f))
		if ruled {
			fmt.Fprintf(r, " %s |", rule)
		}
		fmt.Fprintf(r, " %s |\n", strings.ReplaceAll(comment(f), "|", "\\|"))
	}
}

func renderEnum(b *bytes.Buffer, e protoreflect.EnumDescriptor) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n| # | value | meaning |\n|--:|---|---|\n", e.Name(), comment(e))
	for i := range e.Values().Len() {
		v := e.Values().Get(i)
		fmt.Fprintf(b, "| %d | `%s` | %s |\n", v.Number(), v.Name(), comment(v))
	}
}

func typeOf(f protoreflect.FieldDescriptor) string {
	t := f.Kind().String()
	switch f.Kind() {
	case protoreflect.MessageKind:
		t = string(f.Message().Name())
	case protoreflect.EnumKind:
		t = string(f.Enum().Name())
	}
	if f.IsList() {
		t = "list of " + t
	}
	if o := f.ContainingOneof(); o != nil && !o.IsSynthetic() {
		t += " (one of " + string(o.Name()) + ")"
	}
	return t
}

// comment is the leading comment of a descriptor on one line.
func comment(d protoreflect.Descriptor) string {
	c := d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments
	return strings.Join(strings.Fields(c), " ")
}

// lowerFirst drops the leading message name of a comment such as "GetUser
// names …", which the table's heading already gives.
func lowerFirst(s string) string {
	_, rest, ok := strings.Cut(s, " ")
	if !ok {
		return s
	}
	return rest
}
