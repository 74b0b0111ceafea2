// Package docgen writes the reference documents from what they describe: the
// registered settings, the table of packets, the migrated databases. Its test
// fails when a committed document is stale.
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

// Configuration renders the settings, a table for each section.
func Configuration(settings []config.Setting, docs map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString("# Settings\n\n" + header)
	b.WriteString(`Every setting can be given as a flag, as an environment variable or in a file;
a flag beats a variable, a variable beats the file, and the file beats the
default. The file is named by ` + "`--config` or `WAYSTONE_CONFIG`" + `: lines of the form
` + "`key = value`, or YAML when its name ends in `.yaml`" + `. The flag is the variable's name
in lower case with dashes (` + "`LOG_LEVEL`: `--log-level`" + `), the key in the file the
same with underscores. ` + "`waystone config` prints every value and where it comes\nfrom" + `; a wrong value stops the start with a sentence that names it.

An unknown key in the file and an unknown flag stop the start too. An unknown
variable is only warned of, in the log, for another program may share its name:
one that begins with the first word of a setting (` + "`PACKET_`, `DATABASE_`" + `, …), or is
nearly a setting's name. A duration is written ` + "`250ms`, `5s`, `1m30s`, `7d` or `2w`" + `.

A part that runs alone takes ` + "`LISTEN_ADDR` (default 0.0.0.0), `SERVICE_PORT` and\n`OPS_LISTEN_ADDR` (default 127.0.0.1 and 8081 auth, 8082 database, 8083\ncharacter, 8084 world, 8085 packet)" + ` without the part's name before them.

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
			usage += " Secret: never printed."
		}
		if s.SecretURL {
			usage += " The password in it is never printed."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Env, def, strings.ReplaceAll(usage, "|", "\\|"))
	}
	return b.Bytes()
}

// Commands renders the tree of commands: a section for each, with how it is
// called, its flags and examples. Flags that are settings are left to
// Configuration.
func Commands(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# Commands\n\n" + header)
	b.WriteString("`waystone help COMMAND` prints the same. Flags may stand before or after the\narguments. Every command that reads settings takes [each of them](configuration.md)\nas a flag too. `waystone completion bash` (or zsh, fish, powershell) prints a script\nthat lets the shell complete commands and flags; `waystone completion bash --help`\nsays how to load it.\n")
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

// dedent takes the two blanks of the help's examples away.
func dedent(text string) string {
	return strings.TrimPrefix(strings.ReplaceAll(text, "\n  ", "\n"), "  ")
}

// Effect says in which states a client's packet may come and what becomes of
// it.
type Effect struct {
	States []string
	Does   string
}

// Packets renders the table of packets and, for each, its fields; for those of
// the client, what becomes of them too.
func Packets(rows []packets.Row, effect func(packets.Stage, uint16) Effect) []byte {
	var b bytes.Buffer
	b.WriteString("# Packets\n\n" + header)
	b.WriteString(packetsIntro)
	for _, stage := range []packets.Stage{packets.Login, packets.World, packets.Game} {
		for _, from := range []packets.Side{packets.Client, packets.Server} {
			fmt.Fprintf(&b, "\n## %s stage, from the %s\n\n", title(stage.String()), from)
			if from == packets.Client {
				b.WriteString("| command | name | size | fields | states | what becomes of it |\n|---|---|--:|---|---|---|\n")
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

const packetsIntro = `The packets of the client's protocol (irose, client 129) that Waystone speaks.
Sizes are in bytes and include the header of six. How a packet is framed and
enciphered is said in the package comment of ` + "`internal/wire`" + `.

A packet ends the connection when it is damaged, of another size than its row
says, malformed, sent in a state that its row does not name, or of another
stage: a command that has a row at another stage only. A command from 0x700 to
0x7ff that the client has no row for at any stage is unknown. It is dropped
without effect, whatever its size; more unknown packets than
` + "`PACKET_UNKNOWN_RATE` and `PACKET_UNKNOWN_BURST`" + ` allow end the connection
(` + "`too_many_unknown`" + `), and so does one on a fresh connection.

"Not confirmed" are layouts that no real client has confirmed: the payload is
taken as it comes.
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
