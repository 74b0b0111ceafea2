package launcher

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shownError is an error that the player has seen on a page, or for which no
// page can be shown.
type shownError struct{ error }

func (e shownError) Unwrap() error { return e.error }

// shown marks an error as seen; nil stays nil.
func shown(err error) error {
	if err == nil {
		return nil
	}
	return shownError{err}
}

// report logs an error. If there is no terminal, it also shows the error in the
// player's browser. It returns the same error.
func (m *Launcher) report(ctx context.Context, c *Config, err error) error {
	m.logger().Error("it could not be done", "error", err)
	if _, seen := errors.AsType[shownError](err); seen || m.AskUser || ctx.Err() != nil {
		return err
	}
	if no := m.show(ctx, m.failed(c, err)); errors.Is(no, errNoBrowser) || errors.Is(no, errNobodyAnswered) {
		m.logger().Warn("no page was shown", "error", no)
	}
	return err
}

// failed is the page with the error and what the player can do about it. c may be
// nil when the settings could not be read.
func (m *Launcher) failed(c *Config, err error) view {
	if e, ok := errors.AsType[*clientError](err); ok && c != nil {
		return m.chooseClient(c, e.problem)
	}
	return failure(err)
}

// failure is the last page of an error.
func failure(err error) view {
	return view{
		Title: "The game could not be started", Failed: true, err: err,
		Text: []string{sentence(err.Error()), "When this is corrected, press Play on the website again."},
	}
}

// sentence makes a sentence of an error's text.
func sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[size:]
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
