package main

import (
	"fmt"
	"sort"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// patterns are the expressions that the protos use, in words.
var patterns = map[string]string{
	`^[^\x00-\x1f\x7f]*$`:     "no control characters",
	`^[\x20-\x7e]*$`:          "printable ASCII",
	`^[A-Za-z0-9]{32}$`:       "32 letters and digits",
	`^[A-Za-z0-9_-]{16,128}$`: "16 to 128 letters, digits, underscores and hyphens",
	`^[1-9][0-9]{0,9}$`:       "a decimal number without leading zeros, at most 10 digits",
}

// units are what the sizes of a kind of value are counted in.
var units = map[string]string{
	"len": "characters", "bytes": "bytes", "items": "items",
}

// rulesOf returns the rules of a field in words; "" when it has none. A rule
// without words is an error, so that none is left out.
func rulesOf(f protoreflect.FieldDescriptor) (string, error) {
	rules := &validate.FieldRules{}
	// The compiler knows the extension by a type of its own.
	raw, err := proto.Marshal(f.Options())
	if err != nil {
		return "", fmt.Errorf("options of %s: %w", f.FullName(), err)
	}
	options := f.Options().ProtoReflect().New().Interface()
	if err := proto.Unmarshal(raw, options); err != nil {
		return "", fmt.Errorf("options of %s: %w", f.FullName(), err)
	}
	if proto.HasExtension(options, validate.E_Field) {
		r, ok := proto.GetExtension(options, validate.E_Field).(*validate.FieldRules)
		if !ok {
			return "", fmt.Errorf("options of %s: the rules are of another type", f.FullName())
		}
		rules = r
	}
	var words []string
	var failed error
	rules.ProtoReflect().Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.Name() == "required":
			words = append(words, "required")
		case d.Message() != nil:
			var more []string
			more, failed = kindRules(f, v.Message())
			words = append(words, more...)
		default:
			failed = fmt.Errorf("%s has the rule %s, which has no words yet", f.FullName(), d.Name())
		}
		return failed == nil
	})
	return strings.Join(words, ", "), failed
}

// kindRules returns the rules for a kind of value, sizes first.
func kindRules(f protoreflect.FieldDescriptor, m protoreflect.Message) ([]string, error) {
	set := map[string]protoreflect.Value{}
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		set[string(d.Name())] = v
		return true
	})
	take := func(name string) (string, bool) {
		v, ok := set[name]
		delete(set, name)
		if !ok {
			return "", false
		}
		if d, ok := v.Interface().(protoreflect.Message); ok { // a duration
			return fmt.Sprintf("%d s", d.Get(d.Descriptor().Fields().ByName("seconds")).Int()), true
		}
		return v.String(), true
	}
	var words []string
	if f.Kind() == protoreflect.BytesKind && !f.IsList() {
		for _, bound := range []string{"len", "min_len", "max_len"} {
			if v, ok := set[bound]; ok {
				delete(set, bound)
				set[strings.Replace(bound, "len", "bytes", 1)] = v
			}
		}
	}
	var each []string
	if v, ok := set["items"]; ok && f.IsList() {
		delete(set, "items")
		var failed error
		v.Message().Range(func(_ protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			each, failed = kindRules(f, v.Message())
			return failed == nil
		})
		if failed != nil {
			return nil, failed
		}
		each = []string{"each " + strings.Join(each, ", ")}
	}
	for _, size := range []string{"len", "bytes", "items"} {
		exact, isExact := take(size)
		low, hasLow := take("min_" + size)
		high, hasHigh := take("max_" + size)
		switch unit := units[size]; {
		case isExact:
			words = append(words, fmt.Sprintf("exactly %s %s", exact, unit))
		case hasLow && hasHigh:
			words = append(words, fmt.Sprintf("%s to %s %s", low, high, unit))
		case hasLow && low == "1":
			words = append(words, "not empty")
		case hasLow:
			words = append(words, fmt.Sprintf("at least %s %s", low, unit))
		case hasHigh:
			words = append(words, fmt.Sprintf("at most %s %s", high, unit))
		}
	}
	low, hasLow := take("gte")
	high, hasHigh := take("lte")
	switch {
	case hasLow && hasHigh:
		words = append(words, fmt.Sprintf("%s to %s", low, high))
	case hasLow:
		words = append(words, "at least "+low)
	case hasHigh:
		words = append(words, "at most "+high)
	}
	if _, ok := take("ip"); ok {
		words = append(words, "an IP address")
	}
	if _, ok := take("defined_only"); ok {
		words = append(words, "one of its values")
	}
	if v, ok := set["in"]; ok && f.Enum() != nil {
		delete(set, "in")
		var names []string
		for i := range v.List().Len() {
			number := protoreflect.EnumNumber(v.List().Get(i).Int())
			names = append(names, "`"+string(f.Enum().Values().ByNumber(number).Name())+"`")
		}
		words = append(words, strings.Join(names, " or "))
	}
	if p, ok := take("pattern"); ok {
		said, known := patterns[p]
		if !known {
			return nil, fmt.Errorf("%s has the pattern %s, which has no words yet", f.FullName(), p)
		}
		words = append(words, said)
	}
	words = append(words, each...)
	if len(set) > 0 {
		var left []string
		for name := range set {
			left = append(left, name)
		}
		sort.Strings(left)
		return nil, fmt.Errorf("%s has rules that have no words yet: %s", f.FullName(), strings.Join(left, ", "))
	}
	return words, nil
}
