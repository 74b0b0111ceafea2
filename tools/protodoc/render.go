package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"

	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Render returns the API reference: file name → content, one file for each
// proto package that has a service, named after its part.
func Render(files linker.Files) map[string][]byte {
	byPackage := map[protoreflect.FullName][]protoreflect.FileDescriptor{}
	for _, f := range files {
		byPackage[f.Package()] = append(byPackage[f.Package()], f)
	}
	out := map[string][]byte{}
	for pkg, fs := range byPackage {
		part := strings.Split(string(pkg), ".")[1]
		out[part+".md"] = renderPackage(pkg, part, fs)
	}
	return out
}

func renderPackage(pkg protoreflect.FullName, part string, files []protoreflect.FileDescriptor) []byte {
	sort.Slice(files, func(i, j int) bool { return files[i].Path() < files[j].Path() })
	var b bytes.Buffer
	fmt.Fprintf(&b, "# API of the %s part\n\n", part)
	fmt.Fprintf(&b, "Package `%s`, written from the comments in `proto/` by `make gen`; not edited by hand.\n", pkg)
	inline := map[protoreflect.FullName]bool{}
	for _, f := range files {
		for i := range f.Services().Len() {
			renderService(&b, f.Services().Get(i), inline)
		}
	}
	b.WriteString("\n## Types\n")
	for _, f := range files {
		for i := range f.Messages().Len() {
			m := f.Messages().Get(i)
			if inline[m.FullName()] {
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n%s\n", m.Name(), comment(m))
			fieldTable(&b, m)
			for j := range m.Enums().Len() {
				renderEnum(&b, m.Enums().Get(j))
			}
		}
		for i := range f.Enums().Len() {
			renderEnum(&b, f.Enums().Get(i))
		}
	}
	return b.Bytes()
}

func renderService(b *bytes.Buffer, s protoreflect.ServiceDescriptor, inline map[protoreflect.FullName]bool) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", s.Name(), comment(s))
	for i := range s.Methods().Len() {
		m := s.Methods().Get(i)
		kind := ""
		if m.IsStreamingClient() || m.IsStreamingServer() {
			kind = " (stream)"
		}
		fmt.Fprintf(b, "\n### %s%s\n\n%s\n\n`%s`\n", m.Name(), kind, comment(m), m.FullName())
		for _, io := range []struct {
			word string
			msg  protoreflect.MessageDescriptor
		}{{"Request", m.Input()}, {"Response", m.Output()}} {
			inline[io.msg.FullName()] = true
			fmt.Fprintf(b, "\n%s `%s`: %s\n", io.word, io.msg.Name(), lowerFirst(comment(io.msg)))
			fieldTable(b, io.msg)
		}
	}
}

func fieldTable(b *bytes.Buffer, m protoreflect.MessageDescriptor) {
	if m.Fields().Len() == 0 {
		return
	}
	b.WriteString("\n| # | field | type | meaning |\n|--:|---|---|---|\n")
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		fmt.Fprintf(b, "| %d | `%s` | %s | %s |\n", f.Number(), f.Name(), typeOf(f), strings.ReplaceAll(comment(f), "|", "\\|"))
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
