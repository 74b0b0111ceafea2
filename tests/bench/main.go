// Command bench measures how fast the database part and the auth part answer, as
// ratios against floors that run beside them: a bare gRPC server, a bare query
// behind one, the hash of a password alone.
//
// It starts everything itself: PostgreSQL, Redis, the built waystone binary and
// the floors, each in a process of its own on 127.0.0.1. Sixty-four callers on
// four connections call one side for a second, then the other; machines and
// their moods differ, the ratio of neighbours does not. Speed is reported and
// never asserted: the exit status is 1 only when something could not be
// measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	pairs    int
	slice    time.Duration
	only     string
	users    int
	warm     int
	minute   time.Duration
	nearOff  string
	bound    string
	settings settingList

	installSite bool
}

// settingList is a flag that may be given several times.
type settingList []string

// String returns the settings as they were given.
func (l *settingList) String() string { return strings.Join(*l, " ") }

// Set adds one NAME=VALUE.
func (l *settingList) Set(s string) error {
	if !strings.Contains(s, "=") {
		return fmt.Errorf("%q is not NAME=VALUE", s)
	}
	*l = append(*l, s)
	return nil
}

func main() {
	helpers := map[string]func([]string, io.Reader, io.Writer) error{floorCommand: runFloor, floodCommand: runFlood}
	if len(os.Args) > 1 && helpers[os.Args[1]] != nil {
		if err := helpers[os.Args[1]](os.Args[2:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "bench %s: %v\n", os.Args[1], err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2) // the flag package has said why
	}
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.pairs, "pairs", 30, "pairs of slices for each ratio")
	f.DurationVar(&o.slice, "slice", time.Second, "length of a slice")
	f.StringVar(&o.only, "only", "", "measure only what has this in its name")
	f.IntVar(&o.users, "users", 300_000, "users in the database")
	f.IntVar(&o.warm, "warm", 1000, "users, sessions and characters that warm reads ask for")
	f.DurationVar(&o.minute, "minute", time.Minute, "how long memory is watched")
	f.StringVar(&o.nearOff, "near-off", "CACHE_NEAR_BYTES=0", "setting that turns the cache inside the process off")
	f.StringVar(&o.bound, "bound", "CACHE_BYTES=16777216", "setting that bounds the cache while memory is watched")
	f.BoolVar(&o.installSite, "better-auth", false, "install what the example website needs, for the rows beside better-auth")
	f.Var(&o.settings, "set", "a setting of the server under test, `NAME=VALUE`; may be given several times")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 || o.pairs < 1 || o.slice <= 0 || o.warm < 1 || o.users < 2*o.warm {
		err := fmt.Errorf("unexpected argument, or a number that makes no sense: -users must be twice -warm or more")
		fmt.Fprintln(f.Output(), err)
		return o, err
	}
	return o, nil
}

const (
	// callersGCPercent is GOGC of the callers, not of what they call: hardly
	// anything lives there, and at Go's default they would collect garbage, on the
	// cores of the servers, hundreds of times a second.
	callersGCPercent = 800
	defaultGCPercent = 100
)

// bench is one run.
type bench struct {
	options
	progress io.Writer
	env      *environment
	report   report
}

func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	debug.SetGCPercent(callersGCPercent)
	b := &bench{options: o, progress: progress}
	b.say("starting PostgreSQL and Redis, %d users", o.users)
	if b.env, err = newEnvironment(ctx, o.users, o.warm); err != nil {
		return err
	}
	defer func() {
		if closeErr := b.env.close(); err == nil {
			err = closeErr
		}
	}()
	for _, step := range []func(context.Context) error{
		b.warmReads, b.sharedReads, b.coldReads, b.oneKey, b.memory,
		b.sessionChecks, b.tickets, b.passwords, b.floods, b.betterAuth,
	} {
		// What can be measured is reported, whatever became of the rest.
		if stepErr := step(ctx); stepErr != nil {
			err = errors.Join(err, stepErr)
			b.say("could not be measured: %v\n%s", stepErr, b.env.logTail())
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	b.report.machine = fmt.Sprintf("%d cores, %s", runtime.NumCPU(), runtime.Version())
	b.report.command = strings.TrimSpace("make bench " + flagsOf(os.Args[1:]))
	return errors.Join(err, b.report.write(out))
}

// flagsOf writes arguments as make takes them.
func flagsOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	quoted := make([]string, len(args))
	for i, a := range args {
		quoted[i] = a
		if strings.ContainsAny(a, " \t") {
			quoted[i] = strconv.Quote(a)
		}
	}
	return "BENCHFLAGS='" + strings.Join(quoted, " ") + "'"
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}

// wanted reports whether a measurement was asked for.
func (b *bench) wanted(names ...string) bool {
	for _, n := range names {
		if strings.Contains(n, b.only) {
			return true
		}
	}
	return false
}
