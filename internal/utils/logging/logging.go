// Package logging builds the process's *slog.Logger. There is no global one:
// code that logs gets a logger passed in.
//
// Fields that belong to a request, such as its id, travel in the context (With)
// and appear in every record that is logged with that context. Values that must
// never be read in a log have the type Redact. What strangers can cause to be
// logged again and again is bounded by cause (Config.MaxPerSecond).
package logging

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Format is how records are written.
type Format string

// The formats.
const (
	Text Format = "text" // key=value, for people
	JSON Format = "json" // one object a line, for machines
)

// Config says what is logged and how.
type Config struct {
	// Level is the least level logged: debug, info, warn or error. "": info.
	Level string
	// Format is text or json. "": text.
	Format Format
	// MaxPerSecond bounds the records of a cause, its message and reason, in a
	// second; Flush tells the last that were left out. 0: no bound.
	MaxPerSecond int
}

// New returns a logger that writes records to w, one Write a record. The error
// names the field of Config that is wrong.
func New(w io.Writer, cfg Config) (*slog.Logger, error) {
	level, err := ParseLevel(cfg.Level)
	if err != nil {
		return nil, err
	}
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	switch cfg.Format {
	case Text, "":
		h = contextHandler{slog.NewTextHandler(w, opts)}
	case JSON:
		h = contextHandler{slog.NewJSONHandler(w, opts)}
	default:
		return nil, fmt.Errorf("log format %q: must be text or json", string(cfg.Format))
	}
	if cfg.MaxPerSecond > 0 {
		h = newLimitHandler(h, cfg.MaxPerSecond)
	}
	return slog.New(h), nil
}

// ParseLevel reads debug, info, warn or error; "" is info.
func ParseLevel(text string) (slog.Level, error) {
	switch strings.ToLower(text) {
	case "debug":
		return slog.LevelDebug, nil
	case "info", "":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	default:
		return 0, fmt.Errorf("log level %q: must be debug, info, warn or error", text)
	}
}

// fieldsKey is the context key of the fields; no other package can make one.
type fieldsKey struct{}

// With returns a context whose fields are added to every record logged with
// it, after those that ctx already has.
func With(ctx context.Context, fields ...slog.Attr) context.Context {
	before, _ := ctx.Value(fieldsKey{}).([]slog.Attr)
	return context.WithValue(ctx, fieldsKey{}, append(slices.Clip(before), fields...))
}

type requestIDKey struct{}

// WithRequestID gives the context a request id, which is also logged, as
// request_id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return With(context.WithValue(ctx, requestIDKey{}, id), slog.String("request_id", id))
}

// RequestID returns the id of WithRequestID, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// contextHandler adds the context's fields to each record. Below a group of the
// logger they stand in that group.
type contextHandler struct{ slog.Handler }

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	if fields, ok := ctx.Value(fieldsKey{}).([]slog.Attr); ok {
		r = r.Clone() // the original may be shared with other handlers
		r.AddAttrs(fields...)
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{h.Handler.WithAttrs(attrs)}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{h.Handler.WithGroup(name)}
}
