package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"
)

//go:embed equivalent.txt
var equivalentText string

// options are what the command line says.
type options struct {
	packages string
	one      string
	list     bool
	timeout  time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.packages, "packages", "", "regular expression: only the packages that it matches")
	flag.StringVar(&o.one, "id", "", "only the mutation with this id")
	flag.BoolVar(&o.list, "list", false, "print the mutations and run nothing")
	flag.DurationVar(&o.timeout, "timeout", 3*time.Minute, "time for the tests of one mutation")
	flag.Parse()
	if err := run(ctx, o, ".", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// run judges the mutations and prints the survivors. A survivor is reported,
// it is no error.
func run(ctx context.Context, o options, root string, out io.Writer) error {
	only, err := regexp.Compile(o.packages)
	if err != nil {
		return fmt.Errorf("-packages: %w", err)
	}
	equivalent, err := parseEquivalent(equivalentText)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	root, err = absolute(root)
	if err != nil {
		return err
	}
	j := judge{root: root, scratch: scratch, timeout: o.timeout}
	var survivors, equal []string
	count := 0
	for _, t := range targets() {
		if !only.MatchString(t.pkg) {
			continue
		}
		found, err := find(root, t.pkg)
		if err != nil {
			return err
		}
		if o.list {
			for _, m := range found {
				fmt.Fprintln(out, m)
			}
			continue
		}
		fmt.Fprintf(out, "== %s: %d of %d\n", t.pkg, min(t.count, len(found)), len(found))
		if err := j.baseline(ctx, t); err != nil {
			return err
		}
		judged := 0
		for _, m := range found {
			if judged == t.count {
				break
			}
			if o.one != "" && m.id() != o.one {
				continue
			}
			v, err := j.judge(ctx, t, m)
			if err != nil {
				return err
			}
			if v == refused {
				continue
			}
			judged++
			count++
			switch reason, same := equivalent[m.id()]; {
			case v == killed:
				fmt.Fprintln(out, "killed    ", m)
			case same:
				fmt.Fprintln(out, "equivalent", m)
				equal = append(equal, fmt.Sprintf("%s\n    %s", m, reason))
			default:
				fmt.Fprintln(out, "SURVIVED  ", m)
				survivors = append(survivors, m.String())
			}
		}
	}
	if o.list {
		return nil
	}
	if count == 0 {
		return errors.New("no mutation was judged: -packages or -id matches nothing")
	}
	fmt.Fprintf(out, "\n%d mutations: %d killed, %d equivalent, %d survived\n", count, count-len(equal)-len(survivors), len(equal), len(survivors))
	if len(survivors) > 0 {
		fmt.Fprintf(out, "\nSurvivors:\n%s\n", strings.Join(survivors, "\n"))
	}
	if len(equal) > 0 {
		fmt.Fprintf(out, "\nEquivalent:\n%s\n", strings.Join(equal, "\n"))
	}
	return nil
}
