// Package link makes a connection of a carrier: the hellos, and the services by
// which a host runs its plugin.
package link

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tenon-go/tenon/internal/carrier"
	"github.com/tenon-go/tenon/internal/handshake"
)

// Send sends a hello with the given body. It waits for the other side to read
// it, no longer than ctx.
func Send(ctx context.Context, c carrier.Carrier, body []byte) error {
	hello, err := handshake.AppendHello(nil, body)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, c.InterruptWrite)
	defer stop()
	for len(hello) > 0 {
		n, err := c.Write(hello, nil)
		hello = hello[n:]
		if err != nil && err != carrier.ErrInterrupted {
			return fmt.Errorf("hello not sent: %w", err)
		}
		if ctx.Err() != nil && len(hello) > 0 {
			return context.Cause(ctx)
		}
	}
	return nil
}

// Receive waits for the other side's hello, no longer than ctx, and returns its
// body and what came after it. The error is that of a reader, or one of package
// handshake if what came is no hello: io.EOF means that nothing came at all.
func Receive(ctx context.Context, c carrier.Carrier) (body, ahead []byte, err error) {
	stop := context.AfterFunc(ctx, c.Interrupt)
	defer stop()
	r := &reader{ctx: ctx, carrier: c}
	preface, err := r.take(handshake.PrefaceSize)
	if err != nil {
		if len(r.have) > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			err = handshake.NotPreface(r.have)
		}
		return nil, nil, err
	}
	if err := handshake.ParsePreface([handshake.PrefaceSize]byte(preface)); err != nil {
		return nil, nil, r.notPreface(preface, err)
	}
	length, err := r.take(handshake.LengthSize)
	if err != nil {
		return nil, nil, err
	}
	n, err := handshake.ParseLength([handshake.LengthSize]byte(length))
	if err != nil {
		return nil, nil, err
	}
	body, err = r.take(n)
	return body, r.have, err
}

// A reader takes bytes from a carrier. What it read beyond what was asked for
// is in have.
type reader struct {
	ctx     context.Context
	carrier carrier.Carrier
	have    []byte
}

func (r *reader) take(n int) ([]byte, error) {
	for len(r.have) < n {
		// No more at a time than a hello usually has: what a length announces
		// is not allocated before it is there.
		var chunk [4096]byte
		k, err := r.carrier.Read(chunk[:], false)
		r.have = append(r.have, chunk[:k]...)
		switch {
		case r.ctx.Err() != nil && len(r.have) < n:
			return nil, context.Cause(r.ctx)
		case err == nil || err == carrier.ErrInterrupted:
		case errors.Is(err, io.EOF) && len(r.have) > 0:
			return nil, io.ErrUnexpectedEOF
		default:
			return nil, err
		}
	}
	b := r.have[:n:n]
	r.have = r.have[n:]
	return b, nil
}

// notPreface adds to err what came after the first bytes, if that is here
// already: a longer piece of the text says more.
func (r *reader) notPreface(preface []byte, err error) error {
	var p *handshake.PrefaceError
	if errors.As(err, &p) && len(r.have) > 0 {
		return handshake.NotPreface(append(preface, r.have...))
	}
	return err
}
