package host_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
	"github.com/tenon-go/tenon/internal/peer"
)

// A plugin may call its host as soon as it has said hello, before Start has
// returned there. The handler gets a whole connection all the same.
func TestCallBeforeStartReturns(t *testing.T) {
	for range 50 {
		answer := make(chan error, 1)
		note := tenon.Service{Contract: noteContract, Server: serverFunc(usesConn)}
		p, err := host.Start(t.Context(), host.Config{
			App: app, Logger: discard, Services: []tenon.Service{note},
			InProcess: func(ctx context.Context, c guestCarrier) error { return hasty(ctx, c, answer) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := receive(t, answer, "the answer"); err != nil {
			t.Error(err)
		}
		stop(t, p, time.Minute)
	}
}

type serverFunc func(context.Context, tenon.Stream) error

func (f serverFunc) ServeCall(ctx context.Context, _ int, s tenon.Stream) error { return f(ctx, s) }

func usesConn(ctx context.Context, s tenon.Stream) error {
	conn, _, _ := tenon.Caller(ctx)
	conn.Stats()
	_, offered := conn.Offers("test.Nothing")
	_, err := s.Recv()
	s.Out().WriteString(1, strconv.FormatBool(offered))
	return err
}

// hasty is a plugin that calls in the same breath in which it says hello.
func hasty(ctx context.Context, c guestCarrier, answer chan<- error) error {
	body, ahead, err := link.Receive(ctx, c)
	if err != nil {
		return err
	}
	offer, err := handshake.ParseOffer(body)
	if err != nil {
		return err
	}
	body, err = handshake.Answer{Version: 1}.Append(nil)
	if err != nil {
		return err
	}
	if err := link.Send(ctx, c, body); err != nil {
		return err
	}
	asked := make(chan struct{})
	p := peer.New(peer.Config{Carrier: c, Offered: handshake.Offered(offer.Services), OnAsked: func() { close(asked) }}, ahead)
	defer p.Close()
	_, err = callNote(ctx, p)
	answer <- err
	<-asked
	return p.Shutdown(ctx)
}

func callNote(ctx context.Context, c tenon.Conn) (string, error) {
	ref, err := noteContract.Bind(c)
	if err != nil {
		return "", err
	}
	return ask(ctx, ref, 0, "early")
}
