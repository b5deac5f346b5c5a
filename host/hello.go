package host

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/internal/link"
)

// offer returns what the host says first.
func (cfg *Config) offer(services []tenon.Service) handshake.Offer {
	_, cookie := cfg.App.CookieEntry()
	described := handshake.Describe(services)
	for i := range described {
		described[i].Versions = services[i].Versions
	}
	return handshake.Offer{
		App:      cfg.App.Name,
		Cookie:   cookie,
		Versions: cfg.App.Supported(),
		Services: described,
		Limits:   cfg.Limits,
		LogLevel: cfg.LogLevel.Level(),
		Plugin:   cfg.Name,
		Library:  tenon.Library,
		PID:      os.Getpid(),
	}
}

// An outcome is how an exchange of hellos went.
type outcome struct {
	answer handshake.Answer
	ahead  []byte // what came after the answer
	err    error
}

// hello sends the offer and waits for the answer, or for a reason why none will
// come.
func (s *start) hello() outcome {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	got := make(chan outcome, 1)
	c := s.carrier
	go func() { got <- exchange(ctx, c, s.hail) }()
	select {
	case o := <-got:
		if o.err != nil && s.sniffer.listens() { // the same, and the socketpair ended first
			after(s.sniffer.found(), lastWords)
		}
		return o
	case <-s.run.Done():
		if s.sniffer.listens() { // its handshake may be in the pipe
			after(s.sniffer.found(), lastWords)
		}
	case <-s.sniffer.found():
		if s.spoken() != nil {
			s.unheard = got
			return outcome{err: errQuiet}
		}
		if s.sniffer.broken() != nil {
			cancel(errQuiet) // there is nothing left to wait for
		}
	}
	// What it said before it ended is on its way. The end of the file may never
	// come: something that it has started may hold the connection.
	late := time.AfterFunc(lastWords, func() { cancel(errQuiet) })
	defer late.Stop()
	return <-got
}

// lastWords is how long what a process said before it ended may take to be
// read. It is there already.
const lastWords = 50 * time.Millisecond

func exchange(ctx context.Context, c carrier.Carrier, hail []byte) outcome {
	// A plugin that is no plugin closes its end: what it did not read is not
	// the news, but that it says nothing.
	sendErr := link.Send(ctx, c, hail)
	body, ahead, err := link.Receive(ctx, c)
	if err != nil && sendErr != nil && ctx.Err() != nil {
		err = sendErr
	}
	if err != nil {
		return outcome{err: err}
	}
	answer, err := handshake.ParseAnswer(body)
	return outcome{answer, ahead, err}
}

// agree reports why the plugin's answer is not one to go on with.
func (s *start) agree(answer handshake.Answer) error {
	s.stage = StageVersion
	err := s.offer.Check(answer)
	var refused *handshake.RefusedError
	if errors.As(err, &refused) {
		s.stage = StageInit
		refused.Name = "" // the error that it becomes part of has it
	}
	return err
}
