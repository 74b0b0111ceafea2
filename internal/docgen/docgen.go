// Package docgen writes the reference documents from their sources: the
// registered settings, the commands, the table of packets, the migrated databases.
// Its test fails if a committed document is out of date.
package docgen

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waystone-mmo/waystone/internal/packets"
	"github.com/waystone-mmo/waystone/internal/utils/config"
)

const header = "<!-- Written by `make gen`; not edited by hand. -->\n\n"

// Configuration renders the settings, one table for each section.
func Configuration(settings []config.Setting, docs map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString("# Settings\n\n" + header)
	b.WriteString(`Every setting can be a flag, an environment variable or a line in a file. A flag
overrides a variable, a variable overrides the file, and the file overrides the default.
` + "`--config` or `WAYSTONE_CONFIG`" + ` names the file. It has lines of the form
` + "`key = value`, or is YAML if its name ends in `.yaml`" + `. The flag is the variable's name
in lower case with dashes (` + "`LOG_LEVEL`: `--log-level`" + `). The key in the file is
the same with underscores. ` + "`waystone config` prints every value and where it comes\nfrom" + `. A duration is written ` + "`250ms`, `5s`, `1m30s`, `7d` or `2w`" + `.

If a value is wrong, the server does not start, and prints a sentence that names the
setting. An unknown flag and an unknown key in the file stop the start too. An unknown
variable does not, because it may belong to another program. But the log has a warning if
the variable begins with the first word of a setting (` + "`PACKET_`, `DATABASE_`" + `, …), or is
similar to the name of a setting.

If a part runs alone, these names have no name of a part in front: ` + "`LISTEN_ADDR`\n(default 0.0.0.0), `SERVICE_PORT` and `OPS_LISTEN_ADDR`" + ` (default 127.0.0.1 and 8081 auth,
8082 database, 8083 character, 8084 world, 8085 packet).

`)
	section := ""
	for _, s := range settings {
		if s.Section != section {
			section = s.Section
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| variable | default | what it does |\n|---|---|---|\n", section, docs[section])
		}
		def := "`" + s.Default + "`"
		if s.Default == "" {
			def = "empty"
		}
		usage := s.Usage
		if s.Range != "" {
			usage += " Must be " + s.Range + "."
		}
		if s.Secret {
			usage += " This is a secret: it is never printed."
		}
		if s.SecretURL {
			usage += " The password in it is never printed."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Env, def, strings.ReplaceAll(usage, "|", "\\|"))
	}
	return b.Bytes()
}

// Commands renders the tree of commands: a section for each, with its usage, flags
// and examples. Flags that are settings are in Configuration.
func Commands(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\n" + header)
	b.WriteString("`waystone help COMMAND` prints the same. Flags may come before or after the arguments.\nA command that reads settings takes [each setting](configuration.md) as a flag too.\n`waystone completion bash` (or zsh, fish, powershell) prints a script for the shell, so\nthat the shell can complete commands and flags. `waystone completion bash --help` says\nhow to load it.\n")
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		about := c.Long
		if about == "" {
			about = c.Short + "."
		}
		call := c.UseLine()
		if c.HasSubCommands() {
			call = c.CommandPath() + " COMMAND"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n```\n%s\n```\n", c.CommandPath(), strings.TrimSpace(about), call)
		if flags := ownFlags(c); flags != "" {
			fmt.Fprintf(&b, "\n| flag | what it does |\n|---|---|\n%s", flags)
		}
		if c.Example != "" {
			fmt.Fprintf(&b, "\nExamples:\n\n```sh\n%s\n```\n", dedent(c.Example))
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				visit(sub)
			}
		}
	}
	visit(root)
	return b.Bytes()
}

// ownFlags renders the flags of a command as rows of a table.
func ownFlags(c *cobra.Command) string {
	var b strings.Builder
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden || config.IsSetting(f) && c.Name() == "serve" {
			return
		}
		typ, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if typ != "" {
			name += " " + typ
		}
		if f.DefValue != "" && f.DefValue != "false" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, strings.ReplaceAll(usage, "|", "\\|"))
	})
	return b.String()
}

// dedent removes the two blanks before each line of the help's examples.
func dedent(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll(text, "\n  ", "\n"), "  ")
}

// Effect says in which states a client's packet may come, and what the server does
// with it.
type Effect struct {
	States []string
	Does   string
}

// Packets renders the table of packets with their fields, and the effect of the
// client's packets.
func Packets(rows []packets.Row, effect func(packets.Stage, uint16) Effect) []byte {
	var b bytes.Buffer
	b.WriteString("# Packets\n\n" + header)
	b.WriteString(packetsIntro)
	for _, stage := range []packets.Stage{packets.Login, packets.World, packets.Game} {
		for _, from := range []packets.Side{packets.Client, packets.Server} {
			fmt.Fprintf(&b, "\n## %s stage, from the %s\n\n", title(stage.String()), from)
			if from == packets.Client {
				b.WriteString("| command | name | size | fields | states | what the server does |\n|---|---|--:|---|---|---|\n")
			} else {
				b.WriteString("| command | name | size | fields |\n|---|---|--:|---|\n")
			}
			for _, r := range rows {
				if r.Stage != stage || r.From != from {
					continue
				}
				fmt.Fprintf(&b, "| 0x%03x | %s | %s | %s |", r.Command, r.Name, sizeOf(r), fieldsOf(r))
				if from == packets.Client {
					e := effect(stage, r.Command)
					fmt.Fprintf(&b, " %s | %s |", strings.Join(e.States, ", "), e.Does)
				}
				b.WriteString("\n")
			}
		}
	}
	return b.Bytes()
}

const packetsIntro = `These are the packets of the client's protocol (irose, client 129) that Waystone
supports. Sizes are in bytes and include the header of six bytes. The package comment of
` + "`internal/wire`" + ` describes the framing and the cipher.

The server closes the connection if a packet

- is damaged or malformed,
- has a size that its row does not allow,
- comes in a state that its row does not list, or
- belongs to another stage (its command has a row only there).

A command from 0x700 to 0x7ff that has no row for the client at any stage is unknown. The
server drops the packet, whatever its size. If there are more unknown packets than
` + "`PACKET_UNKNOWN_RATE` and `PACKET_UNKNOWN_BURST`" + ` allow, it closes the connection
(` + "`too_many_unknown`" + `). On a fresh connection the first unknown packet closes it.

"Layout not confirmed" means that no real client has confirmed the layout. The server
accepts any payload.
`

func sizeOf(r packets.Row) string {
	if r.MaxSize == r.MinSize {
		return strconv.Itoa(r.MinSize)
	}
	return fmt.Sprintf("%d–%d", r.MinSize, r.MaxSize)
}

func fieldsOf(r packets.Row) string {
	if !r.Confirmed() {
		return "layout not confirmed on a real client"
	}
	return fields(reflect.TypeOf(r.New()).Elem())
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// fields lists the fields of a packet with their types.
func fields(t reflect.Type) string {
	var list []string
	for i := range t.NumField() {
		f := t.Field(i)
		list = append(list, snake(f.Name)+" "+typeName(f.Type))
	}
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, ", ")
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Array:
		return fmt.Sprintf("%d × %s", t.Len(), typeName(t.Elem()))
	case reflect.Pointer:
		return "[" + typeName(t.Elem()) + "]"
	case reflect.Struct:
		return t.Name()
	case reflect.String:
		return "text"
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "u" + t.Kind().String()[4:]
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "i" + t.Kind().String()[3:]
	case reflect.Float32:
		return "f32"
	case reflect.Bool:
		return "bool"
	default:
		return t.Kind().String()
	}
}

func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		upper := r >= 'A' && r <= 'Z'
		if upper && i > 0 && (s[i-1] < 'A' || s[i-1] > 'Z' || i+1 < len(s) && s[i+1] >= 'a' && s[i+1] <= 'z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
