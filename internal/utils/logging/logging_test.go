package logging_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waystone-mmo/waystone/internal/utils/logging"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	for format, want := range map[logging.Format]string{
		"":           `level=INFO msg=hello part=auth request_id=7 user_id=u1`,
		logging.Text: `level=INFO msg=hello part=auth request_id=7 user_id=u1`,
		logging.JSON: `"level":"INFO","msg":"hello","part":"auth","request_id":"7","user_id":"u1"`,
	} {
		var out bytes.Buffer
		log, err := logging.New(&out, logging.Config{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		ctx := logging.WithRequestID(t.Context(), "7")
		if id := logging.RequestID(ctx); id != "7" {
			t.Errorf("request id %q", id)
		}
		log.With("part", "auth").InfoContext(logging.With(ctx, slog.String("user_id", "u1")), "hello")
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"debug": 4, "": 3, "INFO": 3, "warn": 2, "error": 1} {
		var out bytes.Buffer
		log, err := logging.New(&out, logging.Config{Level: level})
		if err != nil {
			t.Fatal(err)
		}
		log.Debug("a")
		log.Info("b")
		log.Warn("c")
		log.Error("d")
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("level %q logs %d of 4", level, got)
		}
	}
}

func TestWrongConfig(t *testing.T) {
	t.Parallel()
	for cfg, want := range map[logging.Config]string{
		{Level: "loud"}: `log level "loud": must be debug, info, warn or error`,
		{Format: "xml"}: `log format "xml": must be text or json`,
	} {
		if _, err := logging.New(&bytes.Buffer{}, cfg); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestFieldsOfSiblingsDoNotMix(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := logging.New(&out, logging.Config{Format: logging.JSON})
	if err != nil {
		t.Fatal(err)
	}
	parent := logging.With(t.Context(), slog.Int("a", 1))
	one := logging.With(parent, slog.Int("b", 2))
	two := logging.With(parent, slog.Int("c", 3))
	log.WithGroup("g").InfoContext(one, "one")
	log.InfoContext(two, "two")
	var got []map[string]any
	for line := range strings.Lines(out.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		delete(record, "time")
		delete(record, "level")
		got = append(got, record)
	}
	want := []map[string]any{
		{"msg": "one", "g": map[string]any{"a": 1.0, "b": 2.0}},
		{"msg": "two", "a": 1.0, "c": 3.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestCanary logs a secret in every way there is and looks for it.
func TestCanary(t *testing.T) {
	t.Parallel()
	const canary = "canary-5f3a"
	secret := logging.Redact(canary)
	ticket := struct {
		User   string
		Ticket logging.Redact
	}{"u1", secret}
	for _, format := range []logging.Format{logging.Text, logging.JSON} {
		var out bytes.Buffer
		log, err := logging.New(&out, logging.Config{Format: format, Level: "debug"})
		if err != nil {
			t.Fatal(err)
		}
		ctx := logging.With(t.Context(), slog.Any("token", secret))
		log.With("with", secret).WithGroup("g").InfoContext(ctx, "plain", "value", secret, "pointer", &secret)
		log.Info("nested", "struct", ticket, "pointer", &ticket, "list", []logging.Redact{secret},
			"map", map[string]logging.Redact{"k": secret}, slog.Group("g", "value", secret))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T %v"} {
			log.Info("formatted", "text", fmt.Sprintf(verb, secret), "struct", fmt.Sprintf(verb, ticket))
		}
		log.Error("wrapped", "error", fmt.Errorf("redeem %s: %w", secret, errors.New("no such ticket")))
		got := strings.ToLower(out.String())
		if strings.Contains(got, canary) || strings.Contains(got, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows the secret:\n%s", format, out.String())
		}
		if !strings.Contains(got, "[redacted]") {
			t.Errorf("%s logged nothing in its place", format)
		}
	}
	if string(secret) != canary {
		t.Error("the value is lost")
	}
}
