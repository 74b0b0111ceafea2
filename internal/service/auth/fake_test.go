package auth_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/waystone-mmo/waystone/internal/store"
)

// fakeStore keeps everything in maps. It does what the contract says of the
// calls that the auth part makes, and can be made to fail.
type fakeStore struct {
	mu       sync.Mutex
	now      time.Time
	down     error // every call fails with it
	calls    []string
	users    map[string]*store.User
	sessions map[string]*store.Session // by token
	accounts map[string]store.GameAccount
	tickets  map[store.Digest]ticketRow
	plays    map[string]*playRow // by user
	taken    int                 // hand-overs that meet a token in use
	waits    chan string         // users whose sign-ins were told to wait

	hashes    map[string]string // of the website, by user
	twoFactor map[string]bool   // by user
	oneTime   map[string]string // one-time token to session token
	ungranted bool              // the website grants nothing
	noRefresh error             // what RefreshSessions fails with
	made      []store.NewSession
	counts    map[string]int  // tries by what they are counted by
	known     map[string]bool // addresses and networks, each after its account
}

type ticketRow struct {
	store.Ticket
	expires time.Time
}

type playRow struct {
	store.Play
	digest  store.Digest
	token   uint32 // 0 for none
	next    store.Stage
	chosen  store.CharacterID
	expires time.Time
	ended   bool
}

func newFake() *fakeStore {
	return &fakeStore{
		now:      time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC),
		users:    map[string]*store.User{},
		sessions: map[string]*store.Session{},
		accounts: map[string]store.GameAccount{},
		tickets:  map[store.Digest]ticketRow{},
		plays:    map[string]*playRow{},
		waits:    make(chan string, 1024),

		hashes: map[string]string{}, twoFactor: map[string]bool{}, oneTime: map[string]string{},
		counts: map[string]int{}, known: map[string]bool{},
	}
}

// call notes a call and reports whether the store is down. The caller unlocks.
func (f *fakeStore) call(name string) error {
	f.mu.Lock()
	f.calls = append(f.calls, name)
	return f.down
}

// change runs a change of the test's own.
func (f *fakeStore) change(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

// takeCalls returns the calls since the last time.
func (f *fakeStore) takeCalls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.calls
	f.calls = nil
	return c
}

// clock is the store's own idea of the time.
func (f *fakeStore) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeStore) GetUser(_ context.Context, id string, _ store.Consistency) (*store.User, error) {
	defer f.mu.Unlock()
	if err := f.call("GetUser"); err != nil {
		return nil, err
	}
	if u := f.users[id]; u != nil {
		return u, nil
	}
	return nil, store.ErrUserNotFound
}

func (f *fakeStore) GetUserByUsername(_ context.Context, name string, _ store.Consistency) (*store.User, error) {
	defer f.mu.Unlock()
	if err := f.call("GetUserByUsername"); err != nil {
		return nil, err
	}
	for _, u := range f.users {
		if u.Username != "" && u.Username == strings.ToLower(name) {
			return u, nil
		}
	}
	return nil, store.ErrUserNotFound
}

func (f *fakeStore) GetUserByEmail(_ context.Context, email string, _ store.Consistency) (*store.User, error) {
	defer f.mu.Unlock()
	if err := f.call("GetUserByEmail"); err != nil {
		return nil, err
	}
	for _, u := range f.users {
		if u.Email != "" && u.Email == strings.ToLower(email) {
			return u, nil
		}
	}
	return nil, store.ErrUserNotFound
}

func (f *fakeStore) GetSession(_ context.Context, token string, _ store.Consistency) (*store.Session, *store.User, error) {
	defer f.mu.Unlock()
	if err := f.call("GetSession"); err != nil {
		return nil, nil, err
	}
	s := f.sessions[token]
	if s == nil {
		return nil, nil, store.ErrSessionNotFound
	}
	u := f.users[s.UserID]
	if err := store.Judge(s, u, f.now); err != nil {
		return nil, nil, err
	}
	return s, u, nil
}

func (f *fakeStore) RefreshSession(ctx context.Context, token string) (*store.Session, *store.User, error) {
	s, u, err := f.GetSession(ctx, token, store.Fresh)
	if err != nil {
		return nil, nil, err
	}
	longer := *s
	longer.ExpiresAt = f.clock().Add(7 * 24 * time.Hour)
	f.change(func() { f.sessions[token] = &longer })
	return &longer, u, nil
}

// RefreshSessions keeps the website's rule with its default settings.
func (f *fakeStore) RefreshSessions(_ context.Context, ids []string) (refreshed []string, err error) {
	defer f.mu.Unlock()
	if err := f.call("RefreshSessions"); err != nil {
		return nil, err
	}
	for token, s := range f.sessions {
		left := s.ExpiresAt.Sub(f.now)
		if slices.Contains(ids, s.ID) && left >= 0 && left <= 6*24*time.Hour && store.Judge(s, f.users[s.UserID], f.now) == nil {
			longer := *s
			longer.ExpiresAt, longer.UpdatedAt = f.now.Add(7*24*time.Hour), f.now
			f.sessions[token], refreshed = &longer, append(refreshed, s.ID)
		}
	}
	return refreshed, f.noRefresh
}

func (f *fakeStore) CheckSessions(_ context.Context, subjects []store.SessionSubject) ([]error, error) {
	defer f.mu.Unlock()
	if err := f.call("CheckSessions"); err != nil {
		return nil, err
	}
	verdicts := make([]error, len(subjects))
	for i, sub := range subjects {
		verdicts[i] = f.judge(sub)
	}
	return verdicts, nil
}

func (f *fakeStore) judge(sub store.SessionSubject) error {
	u := f.users[sub.UserID]
	if u == nil {
		return store.ErrUserNotFound
	}
	var session *store.Session
	for _, s := range f.sessions {
		if s.ID == sub.SessionID {
			session = s
		}
	}
	if session == nil && sub.SessionID != "" {
		return store.ErrSessionNotFound
	}
	if err := store.Judge(session, u, f.now); err != nil {
		return err
	}
	return sub.Stamp.Judge(store.Passwords{Site: f.hashes[u.ID], Game: f.accounts[u.ID].PasswordHash})
}

func (f *fakeStore) GetGameAccount(_ context.Context, userID string) (*store.GameAccount, error) {
	defer f.mu.Unlock()
	if err := f.call("GetGameAccount"); err != nil {
		return nil, err
	}
	if a, ok := f.accounts[userID]; ok {
		return &a, nil
	}
	return nil, store.ErrGameAccountNotFound
}

func (f *fakeStore) SetGameAccount(_ context.Context, a store.GameAccount) error {
	defer f.mu.Unlock()
	if err := f.call("SetGameAccount"); err != nil {
		return err
	}
	if f.users[a.UserID] == nil {
		return store.ErrUserNotFound
	}
	if old := f.accounts[a.UserID]; old.PasswordHash == a.PasswordHash {
		a.SitePassword = old.SitePassword
	} else {
		a.SitePassword = f.site(a.UserID)
	}
	f.accounts[a.UserID] = a
	return nil
}

// site is the state of a user's password of the website.
func (f *fakeStore) site(userID string) string { return store.PasswordState(f.hashes[userID]) }

func (f *fakeStore) CreateTicket(_ context.Context, t store.Ticket, lifetime time.Duration) (time.Time, error) {
	defer f.mu.Unlock()
	if err := f.call("CreateTicket"); err != nil {
		return time.Time{}, err
	}
	end := f.now.Add(lifetime)
	t.SitePassword = f.site(t.UserID)
	f.tickets[t.Digest] = ticketRow{t, end}
	return end, nil
}

func (f *fakeStore) RedeemTicket(_ context.Context, d store.Digest, address string) (*store.Ticket, error) {
	defer f.mu.Unlock()
	if err := f.call("RedeemTicket"); err != nil {
		return nil, err
	}
	t, ok := f.tickets[d]
	if !ok || f.now.After(t.expires) || t.Address != "" && t.Address != address {
		return nil, store.ErrTicketInvalid
	}
	delete(f.tickets, d)
	return &t.Ticket, nil
}

func (f *fakeStore) BeginPlay(_ context.Context, n store.NewPlay) (*store.Play, error) {
	defer f.mu.Unlock()
	if err := f.call("BeginPlay"); err != nil {
		return nil, err
	}
	generation := int64(1)
	if old := f.plays[n.UserID]; old != nil {
		if !old.ended && !f.now.After(old.LeaseExpiresAt) {
			if n.KeepEarlier {
				return nil, store.ErrPlayLives
			}
			old.Closing = true
			f.waits <- n.UserID
			return nil, store.ErrPlayClosing
		}
		generation = old.Generation + 1
	}
	row := &playRow{digest: n.Digest, Play: store.Play{
		ID: fmt.Sprintf("play-%s-%d", n.UserID, generation), UserID: n.UserID, SessionID: n.SessionID, Generation: generation,
		Stage: store.StageLogin, Address: n.Address, LeaseExpiresAt: f.now.Add(store.HandOverLifetime),
		Stamp: store.StampPasswords(cmp.Or(n.SitePassword, f.site(n.UserID)), n.GamePassword),
	}}
	f.plays[n.UserID] = row
	p := row.Play
	return &p, nil
}

// find returns the living row of a reference, nil when it is lost.
func (f *fakeStore) find(ref store.PlayRef) *playRow {
	for _, p := range f.plays {
		if p.Ref() == ref && !p.ended && !f.now.After(p.LeaseExpiresAt) {
			return p
		}
	}
	return nil
}

func (f *fakeStore) HandOverPlay(_ context.Context, h store.HandOver) (time.Time, error) {
	defer f.mu.Unlock()
	if err := f.call("HandOverPlay"); err != nil {
		return time.Time{}, err
	}
	if f.taken > 0 {
		f.taken--
		return time.Time{}, store.ErrTokenTaken
	}
	p := f.find(h.PlayRef)
	if p == nil {
		return time.Time{}, store.ErrPlayNotFound
	}
	p.token, p.next, p.chosen, p.expires = h.Token, h.Stage, h.CharacterID, f.now.Add(store.HandOverLifetime)
	p.LeaseExpiresAt = p.expires
	return p.expires, nil
}

func (f *fakeStore) AdmitPlay(_ context.Context, token uint32, d store.Digest, stage store.Stage) (*store.Play, error) {
	defer f.mu.Unlock()
	if err := f.call("AdmitPlay"); err != nil {
		return nil, err
	}
	for _, p := range f.plays {
		if token != 0 && p.token == token && p.digest == d && p.next == stage && !p.ended && !f.now.After(p.expires) {
			p.token, p.Stage, p.CharacterID = 0, stage, p.chosen
			admitted := p.Play
			return &admitted, nil
		}
	}
	return nil, store.ErrJoinRefused
}

func (f *fakeStore) RenewPlays(_ context.Context, refs []store.PlayRef) ([]*store.Play, error) {
	defer f.mu.Unlock()
	if err := f.call("RenewPlays"); err != nil {
		return nil, err
	}
	plays := make([]*store.Play, len(refs))
	for i, ref := range refs {
		if p := f.find(ref); p != nil {
			p.LeaseExpiresAt = f.now.Add(store.PlayLease)
			renewed := p.Play
			plays[i] = &renewed
		}
	}
	return plays, nil
}

func (f *fakeStore) EndedPlay(_ context.Context, d store.Digest, address string) (*store.Play, error) {
	defer f.mu.Unlock()
	if err := f.call("EndedPlay"); err != nil {
		return nil, err
	}
	for _, p := range f.plays {
		if p.digest != d || p.Address != address || p.SessionID == "" || p.Closing || f.now.After(p.LeaseExpiresAt.Add(store.PlayReuse)) {
			continue
		}
		if !p.ended && !f.now.After(p.LeaseExpiresAt) {
			return nil, store.ErrPlayLives
		}
		ended := p.Play
		return &ended, nil
	}
	return nil, store.ErrPlayNotFound
}

func (f *fakeStore) EndPlay(_ context.Context, ref store.PlayRef) error {
	defer f.mu.Unlock()
	if err := f.call("EndPlay"); err != nil {
		return err
	}
	if p := f.find(ref); p != nil {
		p.ended = true
	}
	return nil
}

func (f *fakeStore) GetCredential(_ context.Context, by store.UserKey, value string) (*store.Credential, error) {
	defer f.mu.Unlock()
	if err := f.call("GetCredential"); err != nil {
		return nil, err
	}
	if f.ungranted {
		return nil, store.ErrNoCredentialsGrant
	}
	if by != store.ByID {
		value = strings.ToLower(value)
	}
	for _, u := range f.users {
		if by == store.ByID && u.ID == value || by == store.ByUsername && u.Username == value || by == store.ByEmail && u.Email == value {
			return &store.Credential{User: *u, PasswordHash: f.hashes[u.ID], TwoFactor: f.twoFactor[u.ID]}, nil
		}
	}
	return nil, store.ErrUserNotFound
}

func (f *fakeStore) CreateSession(_ context.Context, n store.NewSession) (*store.Session, *store.User, error) {
	defer f.mu.Unlock()
	if err := f.call("CreateSession"); err != nil {
		return nil, nil, err
	}
	if f.ungranted {
		return nil, nil, store.ErrNoSessionsGrant
	}
	f.made = append(f.made, n)
	s := &store.Session{
		ID: "made-" + n.UserID, UserID: n.UserID, ExpiresAt: f.now.Add(n.Lifetime), IPAddress: n.IPAddress, UserAgent: n.UserAgent,
	}
	f.sessions[n.Token] = s
	return s, f.users[n.UserID], nil
}

func (f *fakeStore) RevokeSession(_ context.Context, token string) error {
	defer f.mu.Unlock()
	if err := f.call("RevokeSession"); err != nil {
		return err
	}
	if f.ungranted {
		return store.ErrNoSessionsGrant
	}
	delete(f.sessions, token)
	return nil
}

func (f *fakeStore) RedeemOneTimeToken(_ context.Context, token string) (*store.Session, *store.User, error) {
	defer f.mu.Unlock()
	if err := f.call("RedeemOneTimeToken"); err != nil {
		return nil, nil, err
	}
	if f.ungranted {
		return nil, nil, store.ErrNoOneTimeGrant
	}
	s := f.sessions[f.oneTime[token]]
	delete(f.oneTime, token)
	if s == nil || s.ExpiredAt(f.now) {
		return nil, nil, store.ErrTicketInvalid
	}
	u := f.users[s.UserID]
	return s, u, store.Judge(s, u, f.now)
}

// countedAt is where a try is counted.
func (f *fakeStore) countedAt(a store.Attempt) string {
	var there *time.Time
	if u := f.users[a.UserID]; u != nil {
		made := store.Person(u.CreatedAt)
		there = &made
	}
	account := a.CountedAs(there)
	return string(account[:])
}

// BeginAttempt never forgets and lets no time pass: what is not free has to
// wait.
func (f *fakeStore) BeginAttempt(_ context.Context, a store.Attempt, l store.AttemptLimits) (store.Admission, error) {
	defer f.mu.Unlock()
	if err := f.call("BeginAttempt"); err != nil {
		return store.Admission{}, err
	}
	account := f.countedAt(a)
	here, device := account+a.Address, account+a.Network
	ad := store.Admission{Known: f.known[device], KnownAddress: f.known[here]}
	held := map[string]store.AttemptLimit{}
	switch {
	case ad.KnownAddress:
		held[here] = l.Device
	case l.KnownAddressOnly:
		return ad, nil
	case ad.Known:
		held[device] = l.Device
	default:
		held = map[string]store.AttemptLimit{
			device: l.Device, account: l.Account, a.Network: l.Network, a.Wide: l.Wide, a.Widest: l.Widest,
		}
	}
	for key, limit := range held {
		ad.Wait = max(ad.Wait, limit.Delay(f.counts[key]))
	}
	if ad.Wait == 0 {
		for key := range held {
			f.counts[key]++
		}
	}
	return ad, nil
}

func (f *fakeStore) EndAttempt(_ context.Context, a store.Attempt, _ time.Duration) error {
	defer f.mu.Unlock()
	if err := f.call("EndAttempt"); err != nil {
		return err
	}
	account := f.countedAt(a)
	here, device := account+a.Address, account+a.Network
	if !f.known[here] {
		if !f.known[device] {
			for _, key := range []string{account, a.Network, a.Wide, a.Widest} {
				f.counts[key] -= f.counts[device]
			}
		}
		delete(f.counts, device)
	}
	delete(f.counts, here)
	f.known[here], f.known[device] = true, true
	return nil
}
