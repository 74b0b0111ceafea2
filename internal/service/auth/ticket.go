package auth

import (
	"context"
	"log/slog"

	"google.golang.org/protobuf/types/known/timestamppb"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
	"github.com/waystone-mmo/waystone/internal/store"
)

// secretSize is the length of a ticket and of the client's password field.
const secretSize = 32

// NewTicket returns a random ticket: 32 letters and digits, 190 bits.
func NewTicket() string { return store.NewID() }

// isOneTimeToken reports whether a secret has the shape of the website's
// one-time tokens.
func isOneTimeToken(s string) bool {
	if len(s) != secretSize {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// IssueTicket creates a ticket for a user or for the owner of a session that is
// alive. A ticket made from a session ends with it: Login checks the session
// again.
func (s *Server) IssueTicket(ctx context.Context, r *authv1.IssueTicketRequest) (*authv1.IssueTicketResponse, error) {
	t := store.Ticket{}
	if r.GetAddress() != "" {
		a, err := parseAddress(r.GetAddress())
		if err != nil {
			return nil, err
		}
		t.Address = a.String()
	}
	user, sessionID, err := s.subject(ctx, r)
	if err != nil {
		s.refused(ctx, "ticket refused", err)
		return nil, err
	}
	ticket := NewTicket()
	t.Digest, t.UserID, t.SessionID = store.DigestOf(ticket), user.ID, sessionID
	expires, err := s.store.CreateTicket(ctx, t, s.cfg.TicketLifetime)
	if err != nil {
		return nil, err
	}
	s.metrics.tickets.WithLabelValues("issued").Inc()
	s.log.InfoContext(ctx, "ticket issued", slog.String("user_id", user.ID), slog.Bool("from_session", sessionID != ""))
	return &authv1.IssueTicketResponse{Ticket: ticket, UserName: Handle(user), ExpiresAt: timestamppb.New(expires)}, nil
}

// subject returns the user for whom a ticket is asked for, and the session if
// there is one. It is an error if that user may not sign in.
func (s *Server) subject(ctx context.Context, r *authv1.IssueTicketRequest) (u *store.User, sessionID string, err error) {
	if by, ok := r.GetSubject().(*authv1.IssueTicketRequest_SessionToken); ok {
		session, u, err := s.store.GetSession(ctx, by.SessionToken, store.Fresh)
		if err != nil {
			return nil, "", err
		}
		return u, session.ID, store.Judge(session, u, s.now())
	}
	if u, err = s.store.GetUser(ctx, r.GetUserId(), store.Fresh); err != nil {
		return nil, "", err
	}
	return u, "", store.Judge(nil, u, s.now())
}
