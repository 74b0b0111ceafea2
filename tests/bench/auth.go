package main

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	authv1 "github.com/waystone-mmo/waystone/gen/waystone/auth/v1"
)

// deployment is a running auth part and the database part behind it.
type deployment struct {
	processes []*process // the first one is called
	*clients
}

func (d *deployment) close() error {
	var err error
	if d.clients != nil {
		err = hangUp(d.conns)
	}
	for _, p := range d.processes {
		err = errors.Join(err, p.stop())
	}
	return err
}

// together starts both parts in one process, as a small operator does.
func (b *bench) together(ctx context.Context, settings ...string) (*deployment, error) {
	p, err := b.env.serve(ctx, []string{"auth", "database"}, b.with(settings)...)
	if err != nil {
		return nil, err
	}
	return b.reached(ctx, p)
}

// apart starts each part in a process of its own.
func (b *bench) apart(ctx context.Context, settings ...string) (*deployment, error) {
	database, err := b.env.serve(ctx, []string{"database"}, b.with(settings)...)
	if err != nil {
		return nil, err
	}
	auth, err := b.env.serve(ctx, []string{"auth"}, b.with(append(settings, "DISCOVERY_DATABASE="+database.addr))...)
	if err != nil {
		return nil, errors.Join(err, database.stop())
	}
	return b.reached(ctx, auth, database)
}

// with returns the settings of the command line and more.
func (b *bench) with(settings []string) []string {
	return append(b.settings[:len(b.settings):len(b.settings)], settings...)
}

// reached connects to a deployment.
func (b *bench) reached(ctx context.Context, processes ...*process) (*deployment, error) {
	d := &deployment{processes: processes}
	var err error
	if d.clients, err = connect(processes[0].addr); err == nil {
		err = d.askHealth(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// services returns a client of the auth part for each connection.
func (c *clients) services() []authv1.AuthServiceClient {
	return each(c, authv1.NewAuthServiceClient)
}

// each makes a client for each connection.
func each[T any](c *clients, make func(grpc.ClientConnInterface) T) []T {
	var list []T
	for _, cc := range c.conns {
		list = append(list, make(cc))
	}
	return list
}

// askSessions makes questions of the checks of all warm sessions.
func (b *bench) askSessions(ctx context.Context, c *clients) error {
	c.sessions = make([]question, len(b.env.rows))
	for i, row := range b.env.rows {
		var got authv1.CheckSessionResponse
		err := c.sessions[i].ask(ctx, c.conns[0], authv1.AuthService_CheckSession_FullMethodName, &authv1.CheckSessionRequest{Token: b.env.warmTokens[i]}, &got,
			func() error { return same(&got, &authv1.CheckSessionResponse{Session: row.session, User: row.user}) })
		if err != nil {
			return err
		}
	}
	return nil
}

// checks is the check of warm sessions.
func (c *clients) checks() side { return c.warmSide("CheckSession", c.sessions) }

// sessionChecks measures the check of a session against the health check of the
// same server.
func (b *bench) sessionChecks(ctx context.Context) error {
	for _, form := range []struct {
		form  string
		start func(context.Context, ...string) (*deployment, error)
	}{
		{"one process", b.together},
		{"a process for each part", b.apart},
	} {
		name, costs := "auth session check, "+form.form, "auth cost of a call, "+form.form
		if !b.wanted(name, costs) {
			continue
		}
		b.say("starting the auth part, %s", form.form)
		d, err := form.start(ctx)
		if err != nil {
			return err
		}
		if err = b.askSessions(ctx, d.clients); err == nil {
			err = b.compare(ctx, ratio{name: name, target: 0.50}, d.checks(), d.check("health check"))
		}
		if err == nil && b.wanted(costs) {
			err = errors.Join(
				b.costOf(ctx, "health check of auth, "+form.form, d.check("health check"), d.processes...),
				b.costOf(ctx, "CheckSession, "+form.form, d.checks(), d.processes...))
		}
		if err = errors.Join(err, d.close()); err != nil {
			return err
		}
	}
	return nil
}
