package packetdump

import (
	"bytes"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"unicode"

	"github.com/waystone-mmo/waystone/internal/packets"
)

// fieldsOf writes a packet's fields in their order as a JSON object with
// snake_case keys. Byte slices become hexadecimal text, quest switches the
// list of those that are on.
func fieldsOf(p packets.Packet) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := writeValue(&b, reflect.ValueOf(p).Elem()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeValue(b *bytes.Buffer, v reflect.Value) error {
	switch x := v.Interface().(type) {
	case encoding.TextMarshaler:
		return writeLeaf(b, x)
	case packets.Switches:
		return writeLeaf(b, switchesOn(x))
	case []byte:
		return writeLeaf(b, hex.EncodeToString(x))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("null")
			return nil
		}
		return writeValue(b, v.Elem())
	case reflect.Struct:
		b.WriteByte('{')
		first := true
		if err := writeFields(b, v, &first); err != nil {
			return err
		}
		b.WriteByte('}')
		return nil
	case reflect.Slice, reflect.Array:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeValue(b, v.Index(i)); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	default:
		return writeLeaf(b, v.Interface())
	}
}

// writeFields writes the fields of a struct; those of an embedded one stand
// among them.
func writeFields(b *bytes.Buffer, v reflect.Value, first *bool) error {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			if err := writeFields(b, v.Field(i), first); err != nil {
				return err
			}
			continue
		}
		if !*first {
			b.WriteByte(',')
		}
		*first = false
		b.WriteString(`"` + snake(f.Name) + `":`)
		if err := writeValue(b, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// writeLeaf writes text as it is, without escapes for HTML.
func writeLeaf(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	b.Truncate(len(bytes.TrimSuffix(b.Bytes(), []byte("\n"))))
	return err
}

func switchesOn(s packets.Switches) []int {
	on := []int{}
	for i := range packets.QuestSwitches {
		if s.Get(i) {
			on = append(on, i)
		}
	}
	return on
}

// snake turns a Go name into snake_case; a run of capitals is one word.
func snake(name string) string {
	rs := []rune(name)
	var out []rune
	for i, r := range rs {
		if i > 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1])) {
			out = append(out, '_')
		}
		out = append(out, unicode.ToLower(r))
	}
	return string(out)
}
