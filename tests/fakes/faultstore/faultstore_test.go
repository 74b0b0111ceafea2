package faultstore_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/waystone-mmo/waystone/internal/store"
	"github.com/waystone-mmo/waystone/tests/fakes/faultstore"
)

// one is a store that counts what reaches it and knows one user.
type one struct {
	store.Engine
	reached, ended int
}

func (o *one) GetUser(context.Context, string, store.Consistency) (*store.User, error) {
	o.reached++
	return &store.User{ID: "u1"}, nil
}

func (o *one) EndPlay(context.Context, store.PlayRef) error {
	o.ended++
	return nil
}

func TestMethodsAreTheContracts(t *testing.T) {
	t.Parallel()
	var want []faultstore.Method
	for m := range reflect.TypeFor[store.Engine]().Methods() {
		if m.Name != "Close" {
			want = append(want, faultstore.Method(m.Name))
		}
	}
	got := faultstore.Methods()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Every method has to go through the fault of its own name.
func TestEveryMethodHasItsFault(t *testing.T) {
	t.Parallel()
	for _, m := range faultstore.Methods() {
		fault := errors.New("fault of " + string(m))
		s := faultstore.New(&one{})
		s.On(m, faultstore.Fail(fault))
		method := reflect.ValueOf(s).MethodByName(string(m))
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for i := 1; i < method.Type().NumIn(); i++ {
			args = append(args, reflect.Zero(method.Type().In(i)))
		}
		out := method.Call(args)
		if err, _ := out[len(out)-1].Interface().(error); !errors.Is(err, fault) {
			t.Errorf("%s: got %v, want its own fault", m, err)
		}
		if s.Calls(m) != 1 {
			t.Errorf("%s: %d calls are counted, want 1", m, s.Calls(m))
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	fault := errors.New("as told")
	for _, tt := range []struct {
		name    string
		fault   faultstore.Fault
		errs    []error // of two calls
		reached int
	}{
		{"Fail", faultstore.Fail(fault), []error{fault, fault}, 0},
		{"Lose", faultstore.Lose(fault), []error{fault, fault}, 2},
		{"Times", faultstore.Times(1, faultstore.Fail(fault)), []error{fault, nil}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inner := &one{}
			s := faultstore.New(inner)
			s.On(faultstore.GetUser, tt.fault)
			for i, want := range tt.errs {
				u, err := s.GetUser(t.Context(), "u1", store.Cached)
				if !errors.Is(err, want) {
					t.Errorf("call %d: got %v, want %v", i, err, want)
				}
				if (u == nil) != (want != nil) {
					t.Errorf("call %d: got user %v with error %v", i, u, err)
				}
			}
			if inner.reached != tt.reached {
				t.Errorf("%d calls reached the store, want %d", inner.reached, tt.reached)
			}
			s.Off(faultstore.GetUser)
			if _, err := s.GetUser(t.Context(), "u1", store.Cached); err != nil {
				t.Errorf("without the fault: %v", err)
			}
		})
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	inner := &one{}
	s := faultstore.New(inner)
	before, after := faultstore.NewGate(), faultstore.NewGate()
	s.On(faultstore.GetUser, before.Before)
	s.On(faultstore.EndPlay, after.After)

	gone, leave := context.WithCancel(t.Context())
	errc := make(chan error, 1)
	go func() {
		_, err := s.GetUser(gone, "u1", store.Cached)
		errc <- err
	}()
	<-before.Arrived
	leave()
	if err := <-errc; !errors.Is(err, context.Canceled) || inner.reached != 0 {
		t.Errorf("a held caller who leaves: got %v after %d calls", err, inner.reached)
	}
	before.Open()
	before.Open()
	if _, err := s.GetUser(t.Context(), "u1", store.Cached); err != nil {
		t.Errorf("through the open gate: %v", err)
	}

	go func() { errc <- s.EndPlay(t.Context(), store.PlayRef{}) }()
	<-after.Arrived
	if inner.ended != 1 {
		t.Error("After holds the call before the store")
	}
	after.Open()
	if err := <-errc; err != nil {
		t.Errorf("released: %v", err)
	}
}

func TestAnUnknownMethodPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a fault for a method that does not exist is taken")
		}
	}()
	faultstore.New(&one{}).On("GetUsers", faultstore.Fail(errors.New("never")))
}
