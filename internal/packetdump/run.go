// Package packetdump turns captured packets into JSON, one object a line: the
// command "waystone packet decode". It holds no state and no goroutine.
package packetdump

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/wire"
)

// Exit statuses of Run.
const (
	ExitOK    = 0
	ExitInput = 1 // the input could not be read or is no packet
	ExitUsage = 2 // the arguments make no sense
)

const usage = `usage: waystone packet decode [flags] HEX|FILE|-

Decodes one or more packets, one after the other, and prints a JSON object for
each on a line of its own. The input is hexadecimal; white space between digits
is ignored. An argument of hexadecimal digits alone is the input itself (write
./NAME for a file of such a name); - is standard input. Tickets and passwords
are shown as [redacted].

  --plain        the packets are not enciphered
  --from SIDE    who sent them: client (default) or server
  --stage STAGE  of which connection: login (default), world or game
  --seed N       codec seed of the connection, decimal or 0x…, not 0; without
                 it the codec of the login connection is used
`

// options are the parsed arguments.
type options struct {
	plain  bool
	from   packets.Side
	stage  packets.Stage
	seed   uint32 // 0: the default codec
	inputs []string
}

var errUsage = errors.New("usage")

// Run executes "packet" with args, the words after it, the first of which is
// "decode". It returns an exit status: 0, ExitInput or ExitUsage. What was
// decoded before an error is printed all the same; the error is one sentence
// on stderr that names the byte.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return report(stdout, usage, ExitOK)
	case err != nil:
		return report(stderr, fmt.Sprintf("packet decode: %v\n\n%s", err, usage), ExitUsage)
	}
	out := bufio.NewWriter(stdout)
	err = decode(ctx, o, stdin, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return report(stderr, fmt.Sprintf("packet decode: %v\n", err), ExitInput)
	}
	return ExitOK
}

// report writes text and returns status, or ExitInput when nobody can read it.
func report(w io.Writer, text string, status int) int {
	if _, err := io.WriteString(w, text); err != nil && status == ExitOK {
		return ExitInput
	}
	return status
}

// parse takes flags before, between and after the other arguments.
func parse(args []string) (options, error) {
	var o options
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help") {
		return o, flag.ErrHelp
	}
	if len(args) == 0 || args[0] != "decode" {
		return o, fmt.Errorf("%w: the one thing that packet can do is decode", errUsage)
	}
	fs := flag.NewFlagSet("packet decode", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&o.plain, "plain", false, "")
	fs.Func("from", "", func(s string) error { return oneOf(s, &o.from, packets.Client, packets.Server) })
	fs.Func("stage", "", func(s string) error { return oneOf(s, &o.stage, packets.Login, packets.World, packets.Game) })
	fs.Func("seed", "", func(s string) error { return parseSeed(s, &o.seed) })
	for rest := args[1:]; ; {
		if err := fs.Parse(rest); err != nil {
			return o, err
		}
		if fs.NArg() == 0 {
			break
		}
		o.inputs = append(o.inputs, fs.Arg(0))
		rest = fs.Args()[1:]
	}
	switch {
	case len(o.inputs) == 0:
		return o, fmt.Errorf("%w: nothing to decode: give HEX, FILE or - for standard input", errUsage)
	case o.plain && o.seed != 0:
		return o, fmt.Errorf("%w: --plain packets have no codec, so --seed has nothing to do", errUsage)
	}
	return o, nil
}

// oneOf sets v to the choice whose name is s.
func oneOf[T fmt.Stringer](s string, v *T, choices ...T) error {
	names := ""
	for i, c := range choices {
		if c.String() == s {
			*v = c
			return nil
		}
		if i > 0 {
			names += ", "
		}
		names += c.String()
	}
	return fmt.Errorf("want one of %s", names)
}

func parseSeed(s string, v *uint32) error {
	n, err := strconv.ParseUint(s, 0, 32)
	switch {
	case err != nil:
		return errors.New("want a number from 1 to 4294967295, decimal or 0x…")
	case n == 0:
		return fmt.Errorf("%w: no connection has seed 0; leave --seed out for the login connection", wire.ErrSeed)
	}
	*v = uint32(n)
	return nil
}
