package docgen

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// Column is a column of one of our tables as an engine's catalog gives it.
type Column struct {
	Table, Name, Type string
	Nullable          bool
	Key               string // "primary", "unique", or "" (a column of several in a key: the key's name)
	Comment           string
}

// Schema renders our tables: an ER diagram, and for each table its columns in
// both engines. Comments come from PostgreSQL.
func Schema(tables map[string]string, postgres, sqlite []Column) []byte {
	var b bytes.Buffer
	b.WriteString("# Schema\n\n" + header)
	b.WriteString("The tables that Waystone owns: schema `game` on PostgreSQL, prefix `game_` on\nSQLite. The website's tables (`user`, `session`, `account`, `verification`) are\nbetter-auth's; Waystone reads them and never alters them. `user_id` and\n`session_id` carry the website's ids as text, without a foreign key.\n\n")
	lite := map[string]Column{}
	for _, c := range sqlite {
		lite[strings.TrimPrefix(c.Table, "game_")+"."+c.Name] = c
	}
	names := make([]string, 0, len(tables))
	for n := range tables {
		names = append(names, n)
	}
	sort.Strings(names)
	b.WriteString("```mermaid\nerDiagram\n  user ||--o{ session : \"signs in (website)\"\n")
	b.WriteString("  user ||--o{ character : \"owns, up to five\"\n  user ||--o| account : \"game password\"\n  user ||--o{ ticket : \"signs in once with\"\n  user ||--o| play : \"plays under\"\n  session |o--o{ ticket : \"was made from\"\n  session |o--o| play : \"lives as long as\"\n  play |o--o| character : \"is played\"\n  character ||--o{ item : \"has, one in a place\"\n")
	for _, n := range names {
		fmt.Fprintf(&b, "  %s {\n", n)
		for _, c := range postgres {
			if c.Table == n {
				key := ""
				switch c.Key {
				case "primary":
					key = " PK"
				case "unique":
					key = " UK"
				}
				fmt.Fprintf(&b, "    %s %s%s\n", strings.ReplaceAll(c.Type, " ", "_"), c.Name, key)
			}
		}
		b.WriteString("  }\n")
	}
	b.WriteString("```\n")
	for _, n := range names {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| column | PostgreSQL | SQLite | null | key | meaning |\n|---|---|---|---|---|---|\n", n, tables[n])
		for _, c := range postgres {
			if c.Table != n {
				continue
			}
			null := ""
			if c.Nullable {
				null = "yes"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", c.Name, c.Type, lite[n+"."+c.Name].Type, null, c.Key, c.Comment)
		}
	}
	return b.Bytes()
}
