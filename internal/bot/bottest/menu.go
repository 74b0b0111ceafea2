package bottest

import (
	"errors"
	"net"

	"github.com/waystone-mmo/waystone/internal/packets"
)

var errSense = errors.New("makes no sense")

func (s *Server) handleLogin(c *conn, p packets.Packet) error {
	switch p := p.(type) {
	case *packets.AcceptRequest:
		s.send(c, &packets.NetworkStatus{Status: packets.StatusAccepted, SequenceID: 1})
	case *packets.LoginRequest:
		user, ok := s.tickets[string(p.Secret)]
		if s.faults.TicketsLast {
			user = p.User
		} else {
			delete(s.tickets, string(p.Secret))
		}
		if !ok || user != p.User {
			s.send(c, &packets.LoginReply{Result: packets.LoginWrongPassword})
			return nil
		}
		a := s.account(user)
		if a.play != nil && !s.faults.NoTakeover {
			s.dismiss(a.play.game)
			s.dismiss(a.play.world)
		}
		a.play = &play{user: user, secret: p.Secret}
		c.play = a.play
		s.send(c, &packets.LoginReply{Rights: 0x800, PayType: 0xff, Servers: []packets.ServerEntry{{Name: "_Test"}}})
	case *packets.ChannelListRequest:
		s.send(c, &packets.ChannelListReply{Server: p.Server, Channels: []packets.ChannelEntry{{ID: 1, HighAge: 100, Name: "Main"}}})
	case *packets.SelectServerRequest:
		if c.play == nil || p.Channel != 1 {
			s.send(c, &packets.SelectServerReply{Result: packets.SelectInvalidChannel})
			return nil
		}
		port, token := s.handOver(c.play, packets.World)
		s.send(c, &packets.SelectServerReply{Token: token, Seed: worldSeed, Address: "127.0.0.1", Port: port})
	default:
		return errSense
	}
	return nil
}

func (s *Server) account(user string) *account {
	a := s.accounts[user]
	if a == nil {
		a = &account{}
		s.accounts[user] = a
	}
	return a
}

// dismiss tells a client why and ends its connection.
func (s *Server) dismiss(c *conn) {
	if c == nil {
		return
	}
	if c.stage == packets.Game {
		s.send(c, &packets.Announce{Text: "signed in elsewhere"})
	}
	s.leave(c)
	_ = c.nc.Close()
}

func (s *Server) handOver(p *play, next packets.Stage) (port uint16, token uint32) {
	s.lastID++
	p.next = next
	s.tokens[s.lastID] = p
	tcp, _ := s.listeners[next].Addr().(*net.TCPAddr)
	return uint16(tcp.Port), s.lastID //nolint:gosec // a port
}

// join admits a client to a stage, once per token.
func (s *Server) join(c *conn, p *packets.JoinRequest) bool {
	pl := s.tokens[p.Token]
	delete(s.tokens, p.Token)
	if pl == nil || pl.next != c.stage || pl.secret != p.Secret {
		s.send(c, &packets.JoinReply{Result: packets.JoinWrongPassword})
		return false
	}
	c.play, c.ready = pl, true
	s.send(c, &packets.JoinReply{PayFlags: 0xff})
	return true
}

func (s *Server) handleWorld(c *conn, p packets.Packet) error {
	if j, ok := p.(*packets.JoinRequest); ok && !c.ready {
		if !s.join(c, j) {
			return errSense
		}
		c.play.world = c
		return nil
	}
	if !c.ready {
		return errSense
	}
	a := s.account(c.play.user)
	switch p := p.(type) {
	case *packets.CharacterListRequest:
		s.send(c, a.list())
	case *packets.CreateCharacterRequest:
		s.send(c, &packets.CreateCharacterReply{Result: s.create(a, p.Name)})
	case *packets.DeleteCharacterRequest:
		s.send(c, &packets.DeleteCharacterReply{Seconds: mark(a.at(p.Slot, p.Name), p.Delete), Name: p.Name})
	case *packets.SelectCharacterRequest:
		ch := a.at(p.Slot, p.Name)
		if ch == nil || ch.deleteAfter > 0 && !s.faults.PlayMarked {
			s.send(c, &packets.ReturnToSelect{})
			s.send(c, a.list())
			return nil
		}
		c.play.character = ch
		port, token := s.handOver(c.play, packets.Game)
		s.send(c, &packets.MoveServer{Port: port, Token: token, Seed: gameSeed, Address: "127.0.0.1"})
	default:
		return errSense
	}
	return nil
}

func (a *account) list() *packets.CharacterListReply {
	reply := &packets.CharacterListReply{}
	for _, ch := range a.characters {
		reply.Characters = append(reply.Characters, packets.ListedCharacter{Name: ch.name, Level: 1, DeleteSeconds: ch.deleteAfter})
	}
	return reply
}

func (s *Server) create(a *account, name string) uint8 {
	switch {
	case s.names[name]:
		return packets.CreateNameExists
	case len(a.characters) == packets.MaxCharacters:
		return packets.CreateNoMoreSlots
	}
	s.names[name] = true
	s.lastID++
	a.characters = append(a.characters, &character{id: s.lastID, name: name, x: 520000, y: 520000})
	return packets.CreateOK
}

func mark(ch *character, marked bool) uint32 {
	if ch == nil || marked == (ch.deleteAfter > 0) {
		return packets.DeleteFailed
	}
	ch.deleteAfter = 0
	if marked {
		ch.deleteAfter = packets.MaxDeleteSeconds
	}
	return ch.deleteAfter
}

func (a *account) at(slot uint8, name string) *character {
	if int(slot) >= len(a.characters) || a.characters[slot].name != name {
		return nil
	}
	return a.characters[slot]
}
