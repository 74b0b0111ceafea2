package rpc

import (
	"regexp/syntax"
	"unicode/utf8"

	buf "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// quickRules find quickly that a request is valid, if its rules are simple and
// its text is ASCII. The validator takes several times as long, and nearly all
// requests are valid. They are built from the rules in the proto. If they do
// not pass a request, the validator decides.
type quickRules []quickField

// quickField has the rules of one field.
type quickField struct {
	field protoreflect.FieldDescriptor
	text  *quickText // nil for an enumeration, which may only have known values
	known []bool     // of an enumeration, by number
}

// quickText has the rules for a text.
type quickText struct {
	min, max int      // length
	head     []*ascii // the first characters, one set each
	rest     *ascii   // all others
	restMin  int      // minimum number of others
	restMax  int      // -1: any number
}

// ascii is a set of ASCII characters, by the byte that each is.
type ascii [256]bool

// newQuickRules returns the rules of a message. It returns false if any of them
// is not simple.
func newQuickRules(d protoreflect.MessageDescriptor) (quickRules, bool) {
	if proto.HasExtension(d.Options(), buf.E_Message) || d.Oneofs().Len() > 0 {
		return nil, false
	}
	var q quickRules
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if f.IsList() || f.IsMap() || f.Message() != nil {
			return nil, false
		}
		if !proto.HasExtension(f.Options(), buf.E_Field) {
			continue
		}
		rules, ok := proto.GetExtension(f.Options(), buf.E_Field).(*buf.FieldRules)
		if !ok {
			return nil, false
		}
		quick, ok := newQuickField(f, rules)
		if !ok {
			return nil, false
		}
		q = append(q, quick)
	}
	return q, true
}

func newQuickField(f protoreflect.FieldDescriptor, rules *buf.FieldRules) (quickField, bool) {
	switch {
	case f.Kind() == protoreflect.StringKind && only(rules, "string"):
		text, ok := newQuickText(rules.GetString())
		return quickField{field: f, text: text}, ok
	case f.Kind() == protoreflect.EnumKind && only(rules, "enum") && only(rules.GetEnum(), "defined_only"):
		return quickField{field: f, known: knownNumbers(f.Enum().Values())}, rules.GetEnum().GetDefinedOnly()
	}
	return quickField{}, false
}

// knownNumbers returns which numbers an enumeration has. Numbers that are not
// below the count of values are left out.
func knownNumbers(values protoreflect.EnumValueDescriptors) []bool {
	known := make([]bool, values.Len())
	for i := range values.Len() {
		if n := values.Get(i).Number(); n >= 0 && int(n) < len(known) {
			known[n] = true
		}
	}
	return known
}

// only reports whether no fields of a message are set except those with the
// names.
func only(m proto.Message, names ...protoreflect.Name) bool {
	known := true
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		known = false
		for _, name := range names {
			known = known || f.Name() == name
		}
		return known
	})
	return known && len(m.ProtoReflect().GetUnknown()) == 0
}

func newQuickText(rules *buf.StringRules) (*quickText, bool) {
	if !only(rules, "min_len", "max_len", "pattern") {
		return nil, false
	}
	const longest = 1 << 20
	t := &quickText{max: longest, rest: &ascii{}, restMax: -1}
	if rules.GetMinLen() > longest {
		return nil, false
	}
	t.min = int(rules.GetMinLen()) //nolint:gosec // bounded
	if rules.MaxLen != nil {
		t.max = int(min(rules.GetMaxLen(), longest)) //nolint:gosec // bounded
	}
	if rules.Pattern == nil {
		for c := range utf8.RuneSelf {
			t.rest[c] = true
		}
		return t, true
	}
	return t, t.setPattern(rules.GetPattern())
}

// setPattern parses a pattern for a whole text: a sequence of character sets,
// of which the last is repeated. It returns false for any other pattern.
func (t *quickText) setPattern(pattern string) bool {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat || len(re.Sub) < 3 ||
		re.Sub[0].Op != syntax.OpBeginText || re.Sub[len(re.Sub)-1].Op != syntax.OpEndText {
		return false
	}
	parts := re.Sub[1 : len(re.Sub)-1]
	for _, part := range parts[:len(parts)-1] {
		set, ok := newASCII(part)
		if !ok {
			return false
		}
		t.head = append(t.head, set)
	}
	last := parts[len(parts)-1]
	switch last.Op {
	case syntax.OpStar:
		t.restMin, t.restMax = 0, -1
	case syntax.OpPlus:
		t.restMin, t.restMax = 1, -1
	case syntax.OpRepeat:
		t.restMin, t.restMax = last.Min, last.Max
	default:
		return false
	}
	set, ok := newASCII(last.Sub[0])
	t.rest = set
	return ok
}

// newASCII returns the ASCII characters of a set.
func newASCII(re *syntax.Regexp) (*ascii, bool) {
	if re.Op != syntax.OpCharClass {
		return nil, false
	}
	var set ascii
	for i := 0; i+1 < len(re.Rune); i += 2 {
		for c := re.Rune[i]; c <= re.Rune[i+1] && c < utf8.RuneSelf; c++ {
			set[c] = true
		}
	}
	return &set, true
}

// pass reports whether a message certainly satisfies the rules.
func (q quickRules) pass(m protoreflect.Message) bool {
	for i := range q {
		f := &q[i]
		v := m.Get(f.field)
		if f.text != nil {
			if !f.text.pass(v.String()) {
				return false
			}
		} else if n := v.Enum(); n < 0 || int(n) >= len(f.known) || !f.known[n] {
			return false
		}
	}
	return true
}

func (t *quickText) pass(s string) bool {
	rest := len(s) - len(t.head)
	if len(s) < t.min || len(s) > t.max || rest < t.restMin || t.restMax >= 0 && rest > t.restMax {
		return false
	}
	for i, set := range t.head {
		if !set[s[i]] {
			return false
		}
	}
	for i := len(t.head); i < len(s); i++ {
		if !t.rest[s[i]] {
			return false
		}
	}
	return true
}
