package packet

import (
	"time"

	"github.com/waystone-mmo/waystone/internal/utils/config"
)

// Default ports of the stages.
const (
	DefaultLoginPort = 29000
	DefaultWorldPort = 29100
	DefaultGamePort  = 29200
)

// Config is the gateway's settings.
type Config struct {
	ListenAddr string // set by the owner of the process; see internal/app

	LoginPort, WorldPort, GamePort                   int
	PublicAddr                                       string
	LoginPublicPort, WorldPublicPort, GamePublicPort int
	WorldSeed, GameSeed                              int64
	ServerName, ChannelName                          string

	MaxConnections, MaxPerAddress                             int
	FirstPacketTimeout, LoginTimeout, ChoiceTimeout           time.Duration
	WriteTimeout                                              time.Duration
	QueuePackets, QueueBytes                                  int
	MenuPacketsPerSecond, MenuBurst, PlayPerSecond, PlayBurst int
	UnknownPerSecond, UnknownBurst                            int
	LoginAttempts                                             int
	BackendTimeout, KeepAliveInterval                         time.Duration
	SignIns, SignInQueue                                      int
	SignInWait                                                time.Duration
}

// Register registers the settings.
func (c *Config) Register(s *config.Section) {
	s.Int(&c.LoginPort, "packet-login-port", DefaultLoginPort, "Port on which clients sign in.", config.PortOrZero())
	s.Int(&c.WorldPort, "packet-world-port", DefaultWorldPort, "Port on which clients choose a character.", config.PortOrZero())
	s.Int(&c.GamePort, "packet-game-port", DefaultGamePort, "Port on which clients play.", config.PortOrZero())
	s.String(&c.PublicAddr, "packet-public-addr", "", "Address that clients get for the next stage: an IPv4 address, or a name that is resolved to one at start. Empty: the address that the client connected to.",
		config.Check(publicAddr(&c.PublicAddr)))
	s.Int(&c.LoginPublicPort, "packet-login-public-port", 0, "Port of the login stage in play links; 0 for the port that the gateway listens on.", config.Range(0, 65535))
	s.Int(&c.WorldPublicPort, "packet-world-public-port", 0, "Port of the world stage that clients get; 0 for the port that the gateway listens on.", config.Range(0, 65535))
	s.Int(&c.GamePublicPort, "packet-game-public-port", 0, "Port of the game stage that clients get; 0 for the port that the gateway listens on.", config.Range(0, 65535))
	s.Int64(&c.WorldSeed, "packet-world-seed", 0x57415953, "Codec seed of the world stage; the same on every gateway behind one address.", config.Range(int64(1), int64(0xFFFFFFFF)))
	s.Int64(&c.GameSeed, "packet-game-seed", 0x544F4E45, "Codec seed of the game stage; the same on every gateway behind one address.", config.Range(int64(1), int64(0xFFFFFFFF)))
	s.String(&c.ServerName, "server-name", "Waystone", "Name of the server in the client's list, 1 to 32 bytes.", config.Check(textCheck(&c.ServerName)))
	s.String(&c.ChannelName, "channel-name", "Main", "Name of the channel in the client's list, 1 to 32 bytes.", config.Check(textCheck(&c.ChannelName)))
	s.Int(&c.MaxConnections, "packet-max-connections", 20000, "Client connections of all stages at once.", config.Range(1, 1000000))
	s.Int(&c.MaxPerAddress, "packet-max-per-address", 32, "Client connections from one address at once; loopback addresses are not counted.", config.Range(1, 1000000))
	s.Duration(&c.FirstPacketTimeout, "packet-first-timeout", 5*time.Second, "Time from the start of a connection to its first packet.", config.Range(10*time.Millisecond, time.Hour))
	s.Duration(&c.LoginTimeout, "packet-login-timeout", 120*time.Second, "Time for the player to type a name and a password.", config.Range(10*time.Millisecond, time.Hour))
	s.Duration(&c.ChoiceTimeout, "packet-choice-timeout", 900*time.Second, "Time for each choice before play (server, character).", config.Range(10*time.Millisecond, 24*time.Hour))
	s.Duration(&c.WriteTimeout, "packet-write-timeout", 10*time.Second, "Time in which a client must read what it is sent.", config.Range(10*time.Millisecond, time.Hour))
	s.Int(&c.QueuePackets, "packet-queue-packets", 8192, "Packets that may wait for one client. A client with more is disconnected.", config.Range(16, 65536))
	s.Int(&c.QueueBytes, "packet-queue-bytes", 262144, "Bytes that may wait for one client. A client with more is disconnected.", config.Range(16384, 16777216))
	s.Int(&c.MenuPacketsPerSecond, "packet-menu-rate", 5, "Packets a second that a client may send before play.", config.Range(1, 100000))
	s.Int(&c.MenuBurst, "packet-menu-burst", 20, "Packets that a client may send at once before play.", config.Range(1, 100000))
	s.Int(&c.PlayPerSecond, "packet-play-rate", 50, "Packets a second that a client may send in play.", config.Range(1, 100000))
	s.Int(&c.PlayBurst, "packet-play-burst", 100, "Packets that a client may send at once in play.", config.Range(1, 100000))
	s.Int(&c.UnknownPerSecond, "packet-unknown-rate", 5, "Packets a second with an unknown command that a client may send. They are dropped. More of them close the connection.", config.Range(1, 100000))
	s.Int(&c.UnknownBurst, "packet-unknown-burst", 50, "Packets with an unknown command that a client may send at once.", config.Range(1, 100000))
	s.Int(&c.LoginAttempts, "packet-login-attempts", 5, "Sign-ins that may fail on one connection before it is closed.", config.Range(1, 100))
	s.Duration(&c.BackendTimeout, "packet-backend-timeout", 5*time.Second, "Time for one call to another part; waiting in the queue of sign-ins does not count.", config.Range(100*time.Millisecond, time.Minute))
	s.Int(&c.SignIns, "packet-sign-ins", 6, "Sign-ins of this gateway that run at the same time, and later steps up to the game that run at the same time. Others wait in the queue.", config.Range(1, 10000))
	s.Int(&c.SignInQueue, "packet-sign-in-queue", 1000, "Sign-ins that may wait in the queue. If it is full, the client gets \"too many users\".", config.Range(1, 1000000))
	s.Duration(&c.SignInWait, "packet-sign-in-wait", 10*time.Second, "How long a sign-in waits in the queue. After that the client gets \"too many users\".", config.Range(100*time.Millisecond, 10*time.Minute))
	s.Duration(&c.KeepAliveInterval, "packet-keepalive-interval", 2*time.Second, "How often the play records of open connections are renewed and checked.", config.Range(100*time.Millisecond, 5*time.Second))
}

// publicAddr accepts an address or a name, without a port.
func publicAddr(p *string) func() error {
	return func() error {
		if *p == "" || config.Address(p)() == nil {
			return nil
		}
		return textError("must be an IPv4 address or a name, without a port; PACKET_LOGIN_PUBLIC_PORT, PACKET_WORLD_PUBLIC_PORT and PACKET_GAME_PUBLIC_PORT set the ports")
	}
}

type textError string

func (e textError) Error() string { return string(e) }

// textCheck accepts 1 to 32 bytes without control characters.
func textCheck(p *string) func() error {
	return func() error {
		if n := len(*p); n < 1 || n > 32 {
			return textError("must be 1 to 32 bytes long")
		}
		for _, r := range *p {
			if r < ' ' || r == 0x7f {
				return textError("must not contain control characters")
			}
		}
		return nil
	}
}
