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
	"github.com/waystone-mmo/waystone/internal/utils/cli"
	"github.com/waystone-mmo/waystone/internal/utils/config"
	"github.com/waystone-mmo/waystone/internal/utils/discovery"
	"github.com/waystone-mmo/waystone/internal/utils/nearest"
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

// settings holds every setting of a process.
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
	tokens        rpc.Tokens
	discovery     map[string]*string
	balancing     string
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

// chooseParts returns the named parts in the order of the table, or all parts if
// none is named.
func chooseParts(names []string) (chosen []part, err error) {
	for _, name := range names {
		if !slices.Contains(partNames(), name) {
			return nil, cli.Usagef("unknown part %q%s the parts are %s", name, orSemicolon(nearest.Suggest(name, "", partNames())), strings.Join(partNames(), ", "))
		}
	}
	for _, p := range parts() {
		if len(names) == 0 || slices.Contains(names, p.name) {
			chosen = append(chosen, p)
		}
	}
	return chosen, nil
}

// orSemicolon returns the suggestion, or a semicolon if there is none, so that the
// sentence can go on.
func orSemicolon(suggestion string) string {
	if suggestion == "" {
		return ";"
	}
	return suggestion
}

// register registers the settings of a process that runs the given parts.
func register(r *config.Registry, chosen []part) *settings {
	s := &settings{parts: chosen, listen: map[string]*endpoint{}, discovery: map[string]*string{}}
	alone := len(chosen) == 1

	sec := r.Section("Listening", "Where the parts listen. 0.0.0.0 means all IPv4 addresses, [::] all IPv4 and IPv6 addresses. If a name has several addresses, the first one is used, and the log says which. A part that runs alone takes LISTEN_ADDR and SERVICE_PORT. If several parts share a process, the names begin with the name of the part. If all parts run in one process, they listen on loopback by default.")
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
			sec.String(&e.addr, prefix+"listen-addr", def, "Address that the "+p.name+" part listens on for game clients.", config.Check(listenAddr(&e.addr, "PACKET_LOGIN_PORT, PACKET_WORLD_PORT and PACKET_GAME_PORT set the ports")))
			continue
		}
		sec.String(&e.addr, prefix+"listen-addr", def, "Address that the "+p.name+" part listens on for gRPC.", config.Check(listenAddr(&e.addr, upper(prefix+"service-port")+" sets the port")))
		sec.Int(&e.port, prefix+"service-port", p.port, "Port of the "+p.name+" part's gRPC services.", config.PortOrZero())
	}
	opsPort := allOpsPort
	if alone {
		opsPort = chosen[0].opsPort
	}
	s.opsPort = opsPort
	sec.String(&s.opsAddr, "ops-listen-addr", fmt.Sprintf("127.0.0.1:%d", opsPort), "Address and port of the operations endpoints: /healthz /readyz /metrics /status /debug/pprof; without a port, the default port is used. There is no authentication.", config.Check(opsAddr(&s.opsAddr)))

	sec.Int(&s.rpcMax, "rpc-max-connections", rpc.DefaultMaxConnections, "Connections to one gRPC port at once; fewer if the process may not open enough files.", config.Range(1, 100000))
	sec.Int(&s.rpcPerAddress, "rpc-max-per-address", rpc.DefaultMaxPerAddress, "Connections to one gRPC port from one address at once; loopback addresses are not counted.", config.Range(1, 100000))

	sec = r.Section("Process", "Settings of the process as a whole.")
	sec.String(&s.dataDir, "waystone-data", "data", "Folder of the embedded database.", config.Check(notEmpty(&s.dataDir)))
	sec.String(&s.logLevel, "log-level", "info", "Lowest level that is logged.", config.OneOf("debug", "info", "warn", "error"))
	sec.String(&s.logFormat, "log-format", "text", "Format of the log on standard error.", config.OneOf("text", "json"))
	sec.Int(&s.logMax, "log-max-per-second", 20, "Lines with the same message and reason that are logged in a second. A line with dropped=N says how many more there were. 0: all lines are logged.", config.Range(0, 1000000))
	sec.Duration(&s.drainDelay, "drain-delay", 2*time.Second, "Time between the announcement of a stop and the stop itself.", config.Range(time.Duration(0), time.Minute))
	sec.Duration(&s.gracePeriod, "grace-period", 30*time.Second, "Time for a stop as a whole, DRAIN_DELAY included.", config.Range(time.Second, 10*time.Minute),
		config.Check(func() error {
			if s.gracePeriod <= s.drainDelay {
				return errors.New("must be longer than DRAIN_DELAY")
			}
			return nil
		}))

	sec = r.Section("Other parts", "How a part finds and calls parts in other processes.")
	for _, p := range parts() {
		if p.port == 0 {
			continue
		}
		target := new(string)
		s.discovery[p.name] = target
		sec.String(target, "discovery-"+p.name, fmt.Sprintf("127.0.0.1:%d", p.port), "Address of the "+p.name+" part if it is not in this process: host:port,host:port or dns:///name:port.",
			config.Check(func() error {
				_, err := discovery.Parse(*target)
				return err
			}))
	}
	sec.String(&s.balancing, "balancing", "round_robin", "How calls are distributed over the replicas of a part.", config.OneOf("round_robin", "least_request"))
	sec.Strings(&s.serviceTokens, "service-tokens", nil, "Secret tokens with which parts authenticate each other over a network: auth:TOKEN,character:TOKEN,packet:TOKEN,world:TOKEN,website:TOKEN,operator:TOKEN. A caller may have two tokens while its token is changed; it sends the first.", config.Secret(),
		config.Check(func() (err error) {
			s.tokens, err = rpc.ParseTokens(s.serviceTokens)
			return err
		}))

	s.database.Register(r.Section("Database", "The database part."))
	s.auth.Register(r.Section("Auth", "The auth part."))
	s.character.Register(r.Section("Character", "The character part. It reads its files at start."))
	s.packet.Register(r.Section("Packet", "The gateway."))
	s.world.Register(r.Section("World", "The world part."))

	sec = r.Section("Check", "Settings of serve --check.")
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

// upper is the environment variable of a setting.
func upper(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

func notEmpty(p *string) func() error {
	return func() error {
		if *p == "" {
			return errors.New("must not be empty")
		}
		return nil
	}
}

// listenAddr is a check: an address without a port. ports names the settings that
// set the ports.
func listenAddr(p *string, ports string) func() error {
	return func() error {
		if config.Address(p)() != nil {
			return fmt.Errorf("must be an address without a port, such as 127.0.0.1, or 0.0.0.0 for all addresses of this machine; %s", ports)
		}
		return nil
	}
}

// opsAddr is a check: an address, with a port or without one.
func opsAddr(p *string) func() error {
	return func() error {
		host := strings.TrimSuffix(strings.TrimPrefix(*p, "["), "]")
		if *p != "" && (config.HostPort(p)() == nil || config.Address(&host)() == nil) {
			return nil
		}
		return errors.New("must be an address with or without a port, such as 127.0.0.1:8080 or 0.0.0.0")
	}
}
