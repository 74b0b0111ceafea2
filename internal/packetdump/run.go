// Package packetdump is the command "waystone packet decode". It prints captured
// packets as JSON, one object on each line. It has no state and no goroutine.
package packetdump

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/wire"
)

const long = `Decode one or more packets and print one JSON object for each, on a line of its own.
The input is hexadecimal; white space between digits is ignored. An argument with only
hexadecimal digits is the input itself. Any other argument is a file (write ./NAME if the
file name has only such digits), and - is standard input. Tickets and passwords are shown
as [redacted].

If there is an error, the packets before it are still printed. The error names the byte.`

const examples = `  waystone packet decode --plain 060003070000
  waystone packet decode --from server --stage game --seed 0x544f4e45 capture.hex
  xxd -p capture.bin | waystone packet decode -`

// options are the parsed arguments.
type options struct {
	plain  bool
	from   packets.Side
	stage  packets.Stage
	seed   uint32 // 0: the default codec
	inputs []string
}

// Command returns the command "decode".
func Command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:     "decode HEX|FILE|-…",
		Short:   "Print packets as JSON",
		Long:    long,
		Example: examples,
		Args:    cli.Arguments(1, maxInputs, "something to decode: HEX, FILE or - for standard input"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.inputs = args; o.plain && o.seed != 0 {
				return cli.Usagef("--plain packets have no codec: leave out --seed")
			}
			out := bufio.NewWriter(c.OutOrStdout())
			err := decode(c.Context(), o, c.InOrStdin(), out)
			if flushed := out.Flush(); err == nil {
				err = flushed
			}
			return err
		},
	}
	c.Flags().BoolVar(&o.plain, "plain", false, "the packets are not enciphered")
	c.Flags().Func("from", "`SIDE` that sent them: client or server (default client)", func(s string) error { return oneOf(s, &o.from, packets.Client, packets.Server) })
	c.Flags().Func("stage", "`STAGE` of the connection: login, world or game (default login)", func(s string) error { return oneOf(s, &o.stage, packets.Login, packets.World, packets.Game) })
	c.Flags().Func("seed", "codec seed `N` of the connection, decimal or 0x…; without it, the seed of the login connection", func(s string) error { return parseSeed(s, &o.seed) })
	return c
}

// maxInputs limits the arguments; the limit of the shell is lower.
const maxInputs = math.MaxInt32

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
	return fmt.Errorf("must be one of %s", names)
}

func parseSeed(s string, v *uint32) error {
	n, err := strconv.ParseUint(s, 0, 32)
	switch {
	case err != nil:
		return errors.New("must be a number from 1 to 4294967295, decimal or 0x…")
	case n == 0:
		return fmt.Errorf("%w: no connection has seed 0; leave --seed out for the login connection", wire.ErrSeed)
	}
	*v = uint32(n)
	return nil
}
