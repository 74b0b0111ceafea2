package packetdump

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxInput bounds what is read, in bytes of hexadecimal text: 16 MiB.
const maxInput = 16 << 20

// load finds the input that the arguments mean and returns its bytes.
func load(args []string, stdin io.Reader) ([]byte, error) {
	text := strings.Join(args, " ")
	switch {
	case text == "-":
		return readHex("standard input", stdin)
	case isHex(text):
		return parseHex("the argument", text)
	case len(args) > 1:
		return parseHex("the arguments", text)
	}
	f, err := os.Open(text)
	if errors.Is(err, os.ErrNotExist) {
		_, err = parseHex("the argument", text)
		return nil, fmt.Errorf("%w, and no file has that name", err)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	return readHex(text, f)
}

func readHex(name string, r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(raw) > maxInput {
		return nil, fmt.Errorf("%s is larger than %d bytes: split it", name, maxInput)
	}
	return parseHex(name, string(raw))
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// digit returns the value of a hexadecimal digit, or -1.
func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

func isHex(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) && digit(s[i]) < 0 {
			return false
		}
	}
	return true
}

// parseHex reads hexadecimal digits with white space anywhere between them.
func parseHex(name, s string) ([]byte, error) {
	out := make([]byte, 0, len(s)/2)
	high := -1
	for i := range len(s) {
		if isSpace(s[i]) {
			continue
		}
		d := digit(s[i])
		if d < 0 {
			return nil, fmt.Errorf("%s: %q at offset %d is not a hexadecimal digit", name, s[i], i)
		}
		if high < 0 {
			high = d
			continue
		}
		out = append(out, byte(high<<4|d)) //nolint:gosec // bounded by the check before
		high = -1
	}
	switch {
	case high >= 0:
		return nil, fmt.Errorf("%s: the last byte, at offset %d, has one digit only", name, len(out))
	case len(out) == 0:
		return nil, fmt.Errorf("%s holds no packet", name)
	}
	return out, nil
}
