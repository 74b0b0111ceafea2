package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/internal/store/storepb"
)

// Ways of signing in, as logs and metrics call them.
const (
	wayTicket   = "ticket"
	wayOneTime  = "one-time-token"
	wayUsed     = "used-ticket"
	wayPassword = "password" // of the game
	waySignIn   = "sign-in"
	wayVerify   = "verify"
)

// endingLimit bounds the call that ends a play whose client has gone.
const endingLimit = 2 * time.Second

// player is a player who has shown the right secret.
type player struct {
	user      *store.User
	sessionID string              // of the ticket or token; empty for none
	password  string              // store.PasswordState of the game password shown; empty for other ways
	site      string              // store.PasswordState of the website's password when the secret was made; empty if not known
	stamp     store.PasswordStamp // of the play whose ticket is used again; empty for others
	way       string
}

// Login lets a player in by ticket, by a one-time token of the website, or by
// game password.
func (s *Server) Login(ctx context.Context, r *authv1.LoginRequest) (*authv1.LoginResponse, error) {
	from, err := parseAddress(r.GetAddress())
	if err != nil {
		return nil, err
	}
	p, play, err := s.login(ctx, r, from)
	s.metrics.logins.WithLabelValues(p.way, result(err)).Inc()
	if errors.Is(err, store.ErrPlayLives) { // the secret is right
		s.log.InfoContext(ctx, "may sign in; an earlier play goes on until then",
			slog.String("way", p.way), slog.String("user_id", p.user.ID), slog.String("address", from.String()))
		return &authv1.LoginResponse{User: storepb.UserPB(p.user)}, nil
	}
	if err != nil {
		// The name is not logged: people type passwords into the wrong field.
		s.refused(ctx, "sign-in refused", err, slog.String("way", p.way), slog.String("address", from.String()))
		return nil, err
	}
	s.log.InfoContext(ctx, "signed in",
		slog.String("way", p.way), slog.String("user_id", p.user.ID), slog.String("address", from.String()))
	return &authv1.LoginResponse{Play: storepb.PlayPB(play), User: storepb.UserPB(p.user)}, nil
}

func (s *Server) login(ctx context.Context, r *authv1.LoginRequest, from netip.Addr) (player, *store.Play, error) {
	p, err := s.byTicket(ctx, r, from)
	if errors.Is(err, store.ErrTicketInvalid) {
		p, err = s.byOneTimeToken(ctx, r)
	}
	if errors.Is(err, store.ErrTicketInvalid) {
		p, err = s.byPassword(ctx, r, from)
	}
	if err != nil {
		return p, nil, err
	}
	if err := s.admissible(ctx, p, from); err != nil {
		return p, nil, err
	}
	play, err := s.beginPlay(ctx, store.NewPlay{
		UserID: p.user.ID, SessionID: p.sessionID, Digest: store.DigestOf(r.GetSecret()), Address: from.String(),
		GamePassword: p.password, SitePassword: p.site, KeepEarlier: r.GetKeepEarlier(),
	})
	if err == nil && ctx.Err() != nil {
		// The caller has gone. Until the record lapses, it would block the
		// user's next sign-in.
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endingLimit)
		defer cancel()
		if err := s.store.EndPlay(ending, play.Ref()); err != nil {
			s.log.WarnContext(ctx, "a play whose client has gone could not be ended; it lapses", slog.String("user_id", p.user.ID), slog.Any("error", err))
		}
		return p, nil, ctx.Err()
	}
	if errors.Is(err, store.ErrPlayLives) || errors.Is(err, store.ErrPlayClosing) {
		if failed := s.giveBack(ctx, p, r.GetSecret(), from); failed != nil {
			return p, nil, failed
		}
	}
	return p, play, err
}

// giveBack makes a ticket or a one-time token valid for one more sign-in from the
// same address: the player was not let in yet, and the client has no other secret.
// The user, the session and the passwords are checked again, because the sign-in
// may have waited.
func (s *Server) giveBack(ctx context.Context, p player, secret string, from netip.Addr) error {
	if p.way == wayPassword {
		return nil
	}
	if err := s.admissible(ctx, p, from); err != nil {
		return err
	}
	_, err := s.store.CreateTicket(ctx, store.Ticket{
		Digest: store.DigestOf(secret), UserID: p.user.ID, SessionID: p.sessionID, Address: from.String(),
	}, store.MaxTicketLifetime)
	return err
}

// byTicket uses a ticket up. The name shown with it must be its owner's. A
// ticket shown with another name is used up too, because the wrong person has
// it.
func (s *Server) byTicket(ctx context.Context, r *authv1.LoginRequest, from netip.Addr) (player, error) {
	p := player{way: wayTicket}
	if !isOneTimeToken(r.GetSecret()) { // of which a ticket may have been made; see giveBack
		return p, store.ErrTicketInvalid
	}
	t, err := s.store.RedeemTicket(ctx, store.DigestOf(r.GetSecret()), from.String())
	if err != nil {
		return p, err
	}
	s.metrics.tickets.WithLabelValues("redeemed").Inc()
	p.sessionID, p.site = t.SessionID, t.SitePassword
	return s.owner(ctx, p, t.UserID, r.GetUserName())
}

// owner sets the user who owns the secret. The name shown with the secret must
// be this user's.
func (s *Server) owner(ctx context.Context, p player, userID, name string) (player, error) {
	var err error
	p.user, err = s.store.GetUser(ctx, userID, store.Fresh)
	switch {
	case errors.Is(err, store.ErrUserNotFound):
		return p, ErrLoginRefused.Wrap(err)
	case err != nil:
		return p, err
	case !strings.EqualFold(Handle(p.user), name):
		return p, ErrLoginRefused
	}
	return p, nil
}

// byUsedTicket lets in a client that signs in again by itself with the ticket or
// token of the play that it has just left: it has no other secret. The play must
// have been begun from this address and have ended at most store.PlayReuse ago. Its
// session and passwords must still be valid, which admissible checks.
func (s *Server) byUsedTicket(ctx context.Context, r *authv1.LoginRequest, from netip.Addr) (player, error) {
	p := player{way: wayUsed}
	if !isOneTimeToken(r.GetSecret()) {
		return p, ErrTicketRefused
	}
	ended, err := s.endedPlay(ctx, store.DigestOf(r.GetSecret()), from.String())
	switch {
	case errors.Is(err, store.ErrPlayNotFound), errors.Is(err, store.ErrPlayLives):
		return p, ErrTicketRefused // without telling anything about the play
	case err != nil:
		return p, err
	}
	p.sessionID, p.stamp = ended.SessionID, ended.Stamp
	return s.owner(ctx, p, ended.UserID, r.GetUserName())
}

// byOneTimeToken uses up a one-time token that the website made. It stands for a
// session of the website. A second factor and a verified address are not asked
// for here: the website has decided that when it made the session. As with a
// ticket, the name must be its owner's.
func (s *Server) byOneTimeToken(ctx context.Context, r *authv1.LoginRequest) (player, error) {
	p := player{way: wayOneTime}
	if !isOneTimeToken(r.GetSecret()) {
		return p, store.ErrTicketInvalid
	}
	session, u, err := s.store.RedeemOneTimeToken(ctx, r.GetSecret())
	switch {
	case errors.Is(err, store.ErrNoOneTimeGrant):
		return p, store.ErrTicketInvalid
	case err != nil:
		return p, err
	case !strings.EqualFold(Handle(u), r.GetUserName()):
		return p, ErrLoginRefused
	}
	p.user, p.sessionID = u, session.ID
	return p, nil
}

// nobody is the id that is looked up if the user is unknown, so that the store
// gets the same queries as for a known user. No row has this id.
const nobody = "-"

// isNobody reports whether a name does not stand for exactly one user. A name
// that could mean several users is refused like an unknown one, so that strangers
// do not learn who they are. Each of these users can type the name exactly.
func isNobody(err error) bool {
	return errors.Is(err, store.ErrUserNotFound) || errors.Is(err, store.ErrNameAmbiguous)
}

// byPassword checks a game password. For every name, known or not, the same is read
// and computed. A secret that cannot be the form of a password was meant as a
// ticket, and can only be a used one.
//
// A stranger can learn in one case that a user name exists, as the proto says:
// if the user has no game password, the answer says so.
func (s *Server) byPassword(ctx context.Context, r *authv1.LoginRequest, from netip.Addr) (player, error) {
	if !isClientForm(r.GetSecret()) {
		return s.byUsedTicket(ctx, r, from)
	}
	p := player{way: wayPassword}
	try, err := s.throttle.begin(ctx, target{
		what: toSignIn, name: r.GetUserName(), find: func(ctx context.Context) (*store.User, error) {
			return s.store.GetUserByUsername(ctx, r.GetUserName(), store.Cached)
		},
	}, from)
	if err != nil {
		return p, err
	}
	u, id := try.user, nobody
	if u != nil {
		id = u.ID
	}
	a, err := s.store.GetGameAccount(ctx, id)
	if err != nil && !errors.Is(err, store.ErrGameAccountNotFound) {
		return p, err
	}
	var hash string
	if u != nil && a != nil {
		hash, p.site = a.PasswordHash, a.SitePassword
	}
	fits, err := s.fits(ctx, hash, r.GetSecret(), try.line)
	switch {
	case err != nil:
		return p, err
	case u != nil && hash == "":
		return p, ErrNoGamePassword
	case !fits:
		return p, ErrLoginRefused
	}
	p.user, p.password = u, store.PasswordState(hash)
	return p, try.right(ctx)
}

// fits reports whether a client form is the one that was hashed. If there is no
// usable hash, the dummy hash is verified instead: it fits nothing and costs
// the same.
func (s *Server) fits(ctx context.Context, hash, form, network string) (fits bool, err error) {
	_, _, _, stored := parseHash(hash)
	if !stored {
		hash = s.dummy
	}
	err = s.pool.Do(ctx, network, func() { fits = s.verify(hash, form) && stored })
	return fits, err
}

// admissible returns an error if a player who has shown the right secret may
// not play now from this address. Since the ticket was made, its session may
// have ended or the website's password may have changed: such a ticket is
// refused.
func (s *Server) admissible(ctx context.Context, p player, from netip.Addr) error {
	verdicts, err := s.store.CheckSessions(ctx, []store.SessionSubject{{
		SessionID: p.sessionID, UserID: p.user.ID, Stamp: cmp.Or(p.stamp, store.StampPasswords(p.site, "")),
	}})
	if err != nil {
		return err
	}
	switch v := verdicts[0]; {
	case v == nil:
	case errors.Is(v, store.ErrUserBanned):
		return v
	case p.way == wayPassword && errors.Is(v, store.ErrPasswordChanged):
		return ErrGamePasswordEnded.Wrap(v)
	default:
		return ErrLoginRefused.Wrap(v)
	}
	a, err := s.store.GetGameAccount(ctx, p.user.ID)
	switch {
	case errors.Is(err, store.ErrGameAccountNotFound):
		return nil
	case err != nil:
		return err
	case a.LoopbackOnly && !from.IsLoopback():
		return ErrLoopbackOnly
	}
	return nil
}
