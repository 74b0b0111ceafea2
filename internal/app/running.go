package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// askTimeout is how long a server on this machine may take to say which database it
// uses. maxStatus limits the answer, in bytes.
const (
	askTimeout = time.Second
	maxStatus  = 1 << 20
)

// databaseStatus is what /status says about the database. The name is like
// databaseName, but with the full path, and without the user, because a command may
// have another role than the server.
type databaseStatus struct {
	Engine string `json:"engine"` // embedded or postgresql
	Name   string `json:"name"`
}

const (
	engineEmbedded = "embedded"
	enginePostgres = "postgresql"
)

func (s *settings) databaseStatus() databaseStatus {
	path, embedded := s.sqlitePath()
	if !embedded {
		name, _, _ := strings.Cut(postgresName(s.database.DatabaseURL), " as ")
		return databaseStatus{enginePostgres, name}
	}
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	return databaseStatus{engineEmbedded, "embedded file " + path}
}

// compareServer refuses to change an embedded database if a server on this machine
// uses PostgreSQL: probably DATABASE_URL is not set in this shell. For any other
// difference it only warns, because several servers may run on one machine.
func compareServer(ctx context.Context, p Process, s *settings, otherDatabase bool) error {
	ours := s.databaseStatus()
	for _, addr := range s.serverAddrs() {
		theirs, ok := askServer(ctx, addr)
		if !ok || theirs == ours {
			continue
		}
		if ours.Engine == engineEmbedded && theirs.Engine == enginePostgres && !otherDatabase {
			return fmt.Errorf("the server at http://%s runs on %s, and this command would change the %s: "+
				"set DATABASE_URL as it is for the server, or add --other-database", addr, theirs.Name, s.databaseName())
		}
		fmt.Fprintf(p.Stderr, "waystone: warning: the server at http://%s runs on another database: %s\n", addr, theirs.Name)
	}
	return nil
}

// serverAddrs are the operations endpoints on this machine of a server with these
// settings, or of its database part alone.
func (s *settings) serverAddrs() []string {
	addrs := []string{s.localOps()}
	if _, port, err := net.SplitHostPort(addrs[0]); err != nil || port == "0" {
		return nil
	}
	if all := fmt.Sprintf("127.0.0.1:%d", allOpsPort); addrs[0] == all {
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", parts()[0].opsPort))
	}
	return addrs
}

// askServer asks a server which database it uses; false if no server with a
// database answers.
func askServer(ctx context.Context, addr string) (databaseStatus, bool) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/status", http.NoBody)
	if err != nil {
		return databaseStatus{}, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return databaseStatus{}, false
	}
	defer resp.Body.Close()
	var page struct {
		More struct {
			Database databaseStatus `json:"database"`
		} `json:"more"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, maxStatus)).Decode(&page)
	return page.More.Database, err == nil && page.More.Database.Name != ""
}
