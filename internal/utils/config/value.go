package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// kind is how values of one type are read, printed and compared.
type kind[T any] struct {
	name   string
	parse  func(string) (T, error)
	format func(T) string
	number func(T) number   // nil: Range and Min do not apply
	items  func(T) []string // nil: OneOf does not apply
}

// typed is a Value over a plain pointer.
type typed[T any] struct {
	p *T
	kind[T]
}

func (t *typed[T]) String() string { return t.format(*t.p) }

// Set leaves the target alone when the text does not parse.
func (t *typed[T]) Set(text string) error {
	v, err := t.parse(text)
	if err != nil {
		return err
	}
	*t.p = v
	return nil
}

func (t *typed[T]) asNumber() (number, bool) {
	if t.number == nil {
		return number{}, false
	}
	return t.number(*t.p), true
}

func (t *typed[T]) asItems() ([]string, bool) {
	if t.items == nil {
		return nil, false
	}
	return t.items(*t.p), true
}

// ranged and itemized are what Range, Min and OneOf need to see of a Value.
type (
	ranged   interface{ asNumber() (number, bool) }
	itemized interface{ asItems() ([]string, bool) }
)

// number is a value that can be compared with a bound: whole numbers exactly,
// fractions as float64.
type number struct {
	whole      int64
	fraction   float64
	isFraction bool
	isDuration bool
}

func (n number) less(o number) bool {
	if n.isFraction {
		return n.fraction < o.fraction
	}
	return n.whole < o.whole
}

func (n number) String() string {
	switch {
	case n.isFraction:
		return strconv.FormatFloat(n.fraction, 'g', -1, 64)
	case n.isDuration:
		return FormatDuration(time.Duration(n.whole))
	default:
		return strconv.FormatInt(n.whole, 10)
	}
}

// The parsers' errors complete the sentence that begins with the setting and
// its value. They never repeat the value, which may be a secret.
var (
	errNotWhole    = errors.New("must be a whole number")
	errTooLarge    = errors.New("must be a whole number that fits in 64 bits")
	errNotNumber   = errors.New("must be a number")
	errNotBool     = errors.New("must be true or false")
	errNotDuration = errors.New("must be a duration such as 250ms, 5s, 1m30s or 7d")
)

func parseInt64(text string) (int64, error) {
	v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, errTooLarge
	}
	if err != nil {
		return 0, errNotWhole
	}
	return v, nil
}

func parseInt(text string) (int, error) {
	v, err := strconv.Atoi(strings.TrimSpace(text))
	if errors.Is(err, strconv.ErrRange) {
		return 0, errTooLarge
	}
	if err != nil {
		return 0, errNotWhole
	}
	return v, nil
}

func parseFloat(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, errNotNumber
	}
	return v, nil
}

func parseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	default:
		return false, errNotBool
	}
}

// ParseDuration reads a duration as Go writes it, or with days and weeks: 7d,
// 2w, 1d12h. A day has 24 hours. The error completes a sentence.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if v, err := time.ParseDuration(text); err == nil {
		return v, nil
	}
	v, err := model.ParseDuration(text)
	if err != nil {
		return 0, errNotDuration
	}
	return time.Duration(v), nil
}

// FormatDuration prints a duration as settings show it: 5m rather than the 5m0s of the standard library.
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func joinList(items []string) string { return strings.Join(items, ",") }
