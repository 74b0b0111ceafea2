package launcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// clientID is the name by which the website knows this program.
const clientID = "waystone-launcher"

const (
	defaultInterval = 5 * time.Second // between two requests, if the site names none
	slower          = 5 * time.Second // added each time when the site says slow_down
	maxInterval     = time.Minute
	maxCodeLife     = time.Hour
	maxTroubles     = 5 // requests in a row that may fail
)

var (
	deviceCodeRE = regexp.MustCompile(`^[!-~]{1,512}$`)
	userCodeRE   = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	tokenRE      = regexp.MustCompile(`^[A-Za-z0-9._~+/%=-]{16,1000}$`)
	pageRE       = regexp.MustCompile(`^https?://[A-Za-z0-9:/?#@!$&()*+,;=._~%\[\]-]{1,1000}$`)
)

// deviceCode is the site's answer for one sign-in (RFC 8628).
type deviceCode struct {
	secret   string        // only sent back to the site
	user     string        // is shown
	page     string        // where the player types it
	fullPage string        // the same with the code filled in
	life     time.Duration // until it expires
	interval time.Duration // between two questions
}

// askCode begins a sign-in.
func (s *site) askCode(ctx context.Context) (deviceCode, error) {
	var a struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		Page       string `json:"verification_uri"`
		FullPage   string `json:"verification_uri_complete"`
		ExpiresIn  int64  `json:"expires_in"`
		Interval   int64  `json:"interval"`
	}
	err := s.post(ctx, "/api/auth/device/code", "", map[string]string{"client_id": clientID}, &a)
	if e, ok := errors.AsType[*answerError](err); ok {
		switch {
		case e.status == 404:
			return deviceCode{}, fmt.Errorf("%s lets no launcher sign in by a code; press Play on its pages instead", s.base)
		case e.code == "invalid_client":
			return deviceCode{}, fmt.Errorf("%s lets other launchers sign in, but not %s; tell its owner", s.base, clientID)
		}
	}
	if err != nil {
		return deviceCode{}, err
	}
	if a.FullPage == "" {
		a.FullPage = a.Page
	}
	if !deviceCodeRE.MatchString(a.DeviceCode) || !userCodeRE.MatchString(a.UserCode) || a.ExpiresIn <= 0 {
		return deviceCode{}, fmt.Errorf("%s answered with a code that the launcher does not understand", s.base)
	}
	for _, page := range []string{a.Page, a.FullPage} {
		if err := s.own(page); err != nil {
			return deviceCode{}, err
		}
	}
	return deviceCode{
		secret: a.DeviceCode, user: a.UserCode, page: a.Page, fullPage: a.FullPage,
		life:     seconds(a.ExpiresIn, maxCodeLife),
		interval: cmp.Or(seconds(a.Interval, maxInterval), defaultInterval),
	}, nil
}

// own reports whether a page belongs to the site. A site that sends players to
// another site could make them approve a code of that other site.
func (s *site) own(page string) error {
	if !pageRE.MatchString(page) {
		return fmt.Errorf("%s answered with an address that the launcher does not understand", s.base)
	}
	base, err := url.Parse(s.base)
	if err != nil {
		return err
	}
	u, err := url.Parse(page)
	if err != nil {
		return fmt.Errorf("%s answered with an address that the launcher does not understand", s.base)
	}
	if u.User != nil || u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) {
		return fmt.Errorf("%s wants you to approve at %s://%s, which is another address; if that is the game's website, log in with this address", s.base, u.Scheme, u.Host)
	}
	return nil
}

// awaitToken polls until the player has answered on the website, and returns the
// session's token.
func (s *site) awaitToken(ctx context.Context, c deviceCode, wait func(context.Context, time.Duration) error) (string, error) {
	question := map[string]string{
		"grant_type":  "urn:ietf:params:oauth:grant-type:device_code",
		"device_code": c.secret,
		"client_id":   clientID,
	}
	expired := errors.New("the code has expired before it was approved; run `waystone-launcher login` again")
	troubles := 0
	for waited := c.interval; waited <= c.life; waited += c.interval {
		if err := wait(ctx, c.interval); err != nil {
			return "", err
		}
		var a struct {
			Token string `json:"access_token"`
			Type  string `json:"token_type"`
		}
		err := s.post(ctx, "/api/auth/device/token", "", question, &a)
		if err == nil {
			if !tokenRE.MatchString(a.Token) || !strings.EqualFold(a.Type, "Bearer") {
				return "", fmt.Errorf("%s answered with a session that the launcher does not understand", s.base)
			}
			return a.Token, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if temporary(err) {
			if troubles++; troubles == maxTroubles {
				return "", err
			}
			c.interval = min(c.interval+slower, maxInterval)
			continue
		}
		troubles = 0
		e, _ := errors.AsType[*answerError](err)
		if e == nil {
			return "", err
		}
		switch e.code {
		case "authorization_pending":
		case "slow_down":
			c.interval = min(c.interval+slower, maxInterval)
		case "expired_token":
			return "", expired
		case "access_denied":
			return "", errors.New("the sign-in was refused on the website")
		case "invalid_grant":
			return "", errors.New("the site does not know this code any more; run `waystone-launcher login` again")
		default:
			return "", err
		}
	}
	return "", expired
}

// seconds turns a number from the site into a duration with an upper limit.
func seconds(n int64, most time.Duration) time.Duration {
	return time.Duration(min(max(n, 0), int64(most/time.Second))) * time.Second
}
