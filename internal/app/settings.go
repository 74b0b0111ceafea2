package app

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waystone-mmo/waystone/internal/rpc"
	"github.com/waystone-mmo/waystone/internal/service/auth"
	"github.com/waystone-mmo/waystone/internal/service/character"
	"github.com/waystone-mmo/waystone/internal/service/database"
	"github.com/waystone-mmo/waystone/internal/service/packet"
	"github.com/waystone-mmo/waystone/internal/service/world"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
)

// Names of the parts.
const (
	partAuth      = "auth"
	partDatabase  = "database"
	partCharacter = "character"
	partWorld     = "world"
	partPacket    = "packet"
)

// part is a row of the table of parts.
type part struct {
	name    string
	port    int // gRPC; 0 for a part that is not called by others
	opsPort int // when it runs alone
}

// parts lists the parts in the order in which they start.
func parts() []part {
	return []part{
		{partDatabase, 50052, 8082},
		{partAuth, 50051, 8081},
		{partCharacter, 50053, 8083},
		{partWorld, 50054, 8084},
		{partPacket, 0, 8085},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

const allOpsPort = 8080

// settings is every setting of a process.
type settings struct {
	parts []part // that this process runs

	listen        map[string]*endpoint
	opsAddr       string // host:port, or a host for opsPort
	opsPort       int
	rpcMax        int
	rpcPerAddress int
	dataDir       string
	logLevel      string
	logFormat     string
	logMax        int
	drainDelay    time.Duration
	gracePeriod   time.Duration
	serviceTokens []string
	tokens        map[string]string
	discovery     map[string]*string
	balancing     string
	checkUsers    []string
	checkTimeout  time.Duration

	database  database.Config
	auth      auth.Config
	character character.Config
	world     world.Config
	packet    packet.Config
}

// endpoint is where a part listens.
type endpoint struct {
	addr string
	port int
}

func (s *settings) runs(name string) bool {
	return slices.ContainsFunc(s.parts, func(p part) bool { return p.name == name })
}

// allInOne reports whether every part runs in this process.
func (s *settings) allInOne() bool { return len(s.parts) == len(parts()) }

// splitParts takes the names of parts from the head of the arguments; none
// means all.
func splitParts(args []string) (chosen []part, rest []string, err error) {
	n := 0
	for n < len(args) && !strings.HasPrefix(args[n], "-") {
		n++
	}
	names, rest := args[:n], args[n:]
	for _, name := range names {
		if !slices.Contains(partNames(), name) {
			return nil, nil, usagef("there is no part %q; parts are %s", name, strings.Join(partNames(), ", "))
		}
	}
	for _, p := range parts() {
		if len(names) == 0 || slices.Contains(names, p.name) {
			chosen = append(chosen, p)
		}
	}
	return chosen, rest, nil
}

// register registers the settings of a process that runs the given parts.
func register(r *config.Registry, chosen []part) *settings {
	s := &settings{parts: chosen, listen: map[string]*endpoint{}, discovery: map[string]*string{}}
	alone := len(chosen) == 1

	sec := r.Section("Listening", "Where the parts listen. 0.0.0.0 is every IPv4 address, [::] every address of both kinds; of a name the first address counts, and the log says which. A part that runs alone takes LISTEN_ADDR and SERVICE_PORT; when several share a process, each takes these names with its own before them. All parts in one process listen on loopback unless told otherwise.")
	for _, p := range chosen {
		e := &endpoint{}
		s.listen[p.name] = e
		prefix, def := p.name+"-", "127.0.0.1"
		if !s.allInOne() {
			def = "0.0.0.0"
		}
		if alone {
			prefix = ""
		}
		if p.port == 0 {
			sec.String(&e.addr, prefix+"listen-addr", def, "Address that the "+p.name+" part listens on for game clients.", config.Check(notEmpty(&e.addr)))
			continue
		}
		sec.String(&e.addr, prefix+"listen-addr", def, "Address that the "+p.name+" part listens on for gRPC.", config.Check(notEmpty(&e.addr)))
		sec.Int(&e.port, prefix+"service-port", p.port, "Port of the "+p.name+" part's gRPC services.", config.PortOrZero())
	}
	opsPort := allOpsPort
	if alone {
		opsPort = chosen[0].opsPort
	}
	s.opsPort = opsPort
	sec.String(&s.opsAddr, "ops-listen-addr", fmt.Sprintf("127.0.0.1:%d", opsPort), "Address and port of the operations endpoints: /healthz /readyz /metrics /status /debug/pprof; without a port, the default one. It has no authentication.", config.Check(notEmpty(&s.opsAddr)))

	sec.Int(&s.rpcMax, "rpc-max-connections", rpc.DefaultMaxConnections, "Connections to one gRPC port at once; fewer where the process may not open enough files.", config.Range(1, 100000))
	sec.Int(&s.rpcPerAddress, "rpc-max-per-address", rpc.DefaultMaxPerAddress, "Connections to one gRPC port from one address at once; loopback addresses are not counted.", config.Range(1, 100000))

	sec = r.Section("Process", "What concerns the process as a whole.")
	sec.String(&s.dataDir, "waystone-data", "data", "Folder of the embedded database.", config.Check(notEmpty(&s.dataDir)))
	sec.String(&s.logLevel, "log-level", "info", "Least level that is logged.", config.OneOf("debug", "info", "warn", "error"))
	sec.String(&s.logFormat, "log-format", "text", "Form of the log on standard error.", config.OneOf("text", "json"))
	sec.Int(&s.logMax, "log-max-per-second", 20, "Lines of one cause, the same message and reason, that are logged in a second; a line with dropped=N says how many more there were. 0: all are logged.", config.Range(0, 1000000))
	sec.Duration(&s.drainDelay, "drain-delay", 2*time.Second, "Time between the announcement of a stop and the stop.", config.Range(time.Duration(0), time.Minute))
	sec.Duration(&s.gracePeriod, "grace-period", 30*time.Second, "Time for a stop as a whole.", config.Range(time.Second, 10*time.Minute),
		config.Check(func() error {
			if s.gracePeriod <= s.drainDelay {
				return errors.New("must be longer than DRAIN_DELAY")
			}
			return nil
		}))

	sec = r.Section("Other parts", "How a part finds and calls those that run in other processes.")
	for _, p := range parts() {
		if p.port == 0 {
			continue
		}
		target := new(string)
		s.discovery[p.name] = target
		sec.String(target, "discovery-"+p.name, fmt.Sprintf("127.0.0.1:%d", p.port), "Where the "+p.name+" part is when it is not in this process: host:port,host:port or dns:///name:port.",
			config.Check(func() error {
				_, err := discovery.Parse(*target)
				return err
			}))
	}
	sec.String(&s.balancing, "balancing", "round_robin", "How calls are spread over the replicas of a part.", config.OneOf("round_robin", "least_request"))
	sec.Strings(&s.serviceTokens, "service-tokens", nil, "Secret tokens by which parts know each other over a network: auth:TOKEN,character:TOKEN,packet:TOKEN,world:TOKEN,website:TOKEN,operator:TOKEN.", config.Secret(),
		config.Check(func() (err error) {
			s.tokens, err = rpc.ParseTokens(s.serviceTokens)
			return err
		}))

	s.database.Register(r.Section("Database", "The database part."))
	s.auth.Register(r.Section("Auth", "The auth part."))
	s.character.Register(r.Section("Character", "The character part. Its files are read when it starts."))
	s.packet.Register(r.Section("Packet", "The gateway."))
	s.world.Register(r.Section("World", "The world part."))

	sec = r.Section("Check", "What serve --check does.")
	sec.Strings(&s.checkUsers, "check-users", nil, "User names of the website with which the two bots play; empty for two demo accounts, which only the embedded database can have.")
	sec.Duration(&s.checkTimeout, "check-timeout", 55*time.Second, "Time for the bots to play.", config.Range(time.Second, 10*time.Minute))
	return s
}

// opsListen is where the operations endpoints listen, host:port.
func (s *settings) opsListen() string {
	host := strings.TrimSuffix(strings.TrimPrefix(s.opsAddr, "["), "]")
	if net.ParseIP(host) != nil || !strings.Contains(s.opsAddr, ":") {
		return net.JoinHostPort(host, strconv.Itoa(s.opsPort))
	}
	return s.opsAddr
}

func notEmpty(p *string) func() error {
	return func() error {
		if *p == "" {
			return errors.New("must not be empty")
		}
		return nil
	}
}

// loadServing reads the settings of a process that serves, or of one that asks
// what such a process would do.
func loadServing(p Process, r *config.Registry, s *settings, args []string) error {
	if err := checkPrefixes(p, s, args); err != nil {
		return err
	}
	return load(p, r, args)
}

// load reads the settings. A command that does not serve may have been started
// in the environment of a part, and where that listens is not its business.
func load(p Process, r *config.Registry, args []string) error {
	rest, err := r.Load(args, p.Env)
	if err != nil {
		if errors.Is(err, config.ErrHelp) {
			if err := r.WriteHelp(p.Stdout); err != nil {
				return err
			}
		}
		return err
	}
	if len(rest) > 0 {
		return usagef("unexpected argument %q", rest[0])
	}
	return nil
}

// checkPrefixes refuses the two names that mean something else, or nothing,
// with the parts that this process runs.
func checkPrefixes(p Process, s *settings, args []string) error {
	given := func(name string) bool {
		if v, ok := p.Env(name); ok && v != "" {
			return true
		}
		flag := "-" + strings.ReplaceAll(strings.ToLower(name), "_", "-")
		return slices.ContainsFunc(args, func(a string) bool {
			a, _, _ = strings.Cut(a, "=")
			return a == flag || a == "-"+flag
		})
	}
	for _, name := range []string{"LISTEN_ADDR", "SERVICE_PORT"} {
		if len(s.parts) > 1 && given(name) {
			return fmt.Errorf("%s does not say which of the parts in this process it is for: set %s_%s", name, strings.ToUpper(s.parts[0].name), name)
		}
		if len(s.parts) == 1 {
			if prefixed := strings.ToUpper(s.parts[0].name) + "_" + name; given(prefixed) {
				return fmt.Errorf("%s is for several parts in one process: this one runs %s alone, so set %s", prefixed, s.parts[0].name, name)
			}
		}
	}
	return nil
}
