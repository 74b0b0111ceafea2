package bot

import (
	"context"
	"fmt"
	"time"
)

// reporter writes a line for each step.
type reporter struct {
	line func(string) // nil for nobody
}

// step runs f and reports how it went; its error begins with the name.
func (r reporter) step(ctx context.Context, name string, f func(ctx context.Context) error) error {
	began := time.Now()
	err := f(ctx)
	if err != nil {
		r.say("FAILED " + name + ": " + err.Error())
		return fmt.Errorf("%s: %w", name, err)
	}
	r.say(fmt.Sprintf("ok  %s (%.2f s)", name, time.Since(began).Seconds()))
	return nil
}

func (r reporter) say(line string) {
	if r.line != nil {
		r.line(line)
	}
}
