package tenon

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
)

// This file and rest.go are what generated code calls for methods with streams:
// iterators and channels that are given or returned. One side's element is the
// other's message, and generated code says how the one becomes the other, by a
// function that writes or reads it.
//
// Iterators are taken and returned as plain functions, so that named types on
// them fit as well.

// ---- arguments, the caller's side

// A Source is an argument that is sent element by element; see [OpenStream].
type Source struct {
	run     func(s *sending) error
	channel bool // run ends by itself when the call does
}

// SendSeq is the source for an iter.Seq. Nil has no elements.
func SendSeq[T any](seq func(yield func(T) bool), write func(out *Message, v T)) Source {
	return Source{run: func(s *sending) (err error) {
		if seq == nil {
			return nil
		}
		for v := range seq {
			if err = send(s, v, write); err != nil {
				break
			}
		}
		return err
	}}
}

// SendSeq2 is the source for an iter.Seq2.
func SendSeq2[K, V any](seq func(yield func(K, V) bool), write func(out *Message, k K, v V)) Source {
	return Source{run: func(s *sending) (err error) {
		if seq == nil {
			return nil
		}
		for k, v := range seq {
			if err = send2(s, k, v, write); err != nil {
				break
			}
		}
		return err
	}}
}

// SendSeqErr is the source for an iter.Seq2 whose second values are errors. The
// first that is not nil is sent as the last element.
func SendSeqErr[T any](seq func(yield func(T, error) bool), write func(out *Message, v T, err error)) Source {
	return Source{run: func(s *sending) (err error) {
		if seq == nil {
			return nil
		}
		for v, failure := range seq {
			if err = send2(s, v, failure, write); err != nil || failure != nil {
				break
			}
		}
		return err
	}}
}

// SendChan is the source for a channel. It is received from until it is closed or
// the call has ended.
func SendChan[T any](ch <-chan T, write func(out *Message, v T)) Source {
	return Source{channel: true, run: func(s *sending) error {
		done := s.Context().Done()
		for {
			select {
			case v, ok := <-ch:
				if !ok {
					return nil
				}
				if err := send(s, v, write); err != nil {
					return err
				}
			case <-done:
				return s.Context().Err()
			}
		}
	}}
}

// send writes and sends an element, unless the call was closed.
func send[T any](s *sending, v T, write func(out *Message, v T)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return context.Canceled
	}
	write(s.Stream.Out(), v)
	return s.Stream.Send()
}

func send2[K, V any](s *sending, k K, v V, write func(out *Message, k K, v V)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return context.Canceled
	}
	write(s.Stream.Out(), k, v)
	return s.Stream.Send()
}

// OpenStream opens a call of a method with an argument that is sent element by
// element. The other arguments, if there are any, are to be sent first, by Send,
// which does not fail only because the call has ended: what follows finds out.
//
// Call sends an iterator on the caller's goroutine, and then waits for the
// answer. Recv has the elements sent on another one, and so does Call if they
// come out of a channel. That goroutine does not use the call after Close; it ends
// as soon as the iterator yields, and at once if it waits for a channel. If it
// panics, Recv does.
func OpenStream(ctx context.Context, ref *Ref, method int, source Source) (Stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	call, err := ref.Open(ctx, method)
	if err != nil {
		cancel()
		return nil, err
	}
	return &sending{Stream: call, source: source, cancel: cancel, done: make(chan struct{})}, nil
}

// A sending is a call with a source.
type sending struct {
	Stream
	source Source
	cancel context.CancelFunc

	begun bool          // the source runs, or has
	done  chan struct{} // closed when it has, on a goroutine of its own

	mu       sync.Mutex // held while the call is sent on
	closed   bool
	err      error // why the source ended
	panicked any
}

// Send implements Stream.
func (s *sending) Send() error { return unlessEnded(s.Stream.Send()) }

// unlessEnded is err, unless that says that the call has ended well.
func unlessEnded(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// Call implements Stream.
func (s *sending) Call() (*Message, error) {
	if !s.source.channel {
		s.begun = true
		close(s.done)
		if err := s.send(); err != nil {
			return nil, err
		}
	}
	in, err := s.Recv()
	return in, answered(err)
}

// answered is err, which must not be the end of the messages.
func answered(err error) error {
	if err == io.EOF {
		return &Error{Code: Internal, Message: "the call ended without an answer"}
	}
	return err
}

// begin begins the call before there is an element to send: the handler may be
// the one that speaks first, or may need no elements. A stream that has no Begin
// method begins with the first message.
func (s *sending) begin() error {
	call, ok := s.Stream.(interface{ Begin() error })
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return context.Canceled
	}
	return unlessEnded(call.Begin())
}

// send sends all elements.
func (s *sending) send() error {
	if err := s.source.run(s); err != nil {
		return unlessEnded(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	return unlessEnded(s.Stream.CloseSend())
}

// Recv implements Stream.
func (s *sending) Recv() (*Message, error) {
	if !s.begun {
		s.begun = true
		go s.background()
	}
	in, err := s.Stream.Recv()
	if err == nil {
		return in, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panicked != nil {
		panic(s.panicked)
	}
	if err != io.EOF && s.err != nil {
		err = s.err
	}
	return nil, err
}

var errGoexit = &Error{Code: Internal, Message: "the iterator that is an argument ended its goroutine"}

// background sends all elements, and ends the call if that fails.
func (s *sending) background() {
	defer close(s.done)
	err := error(errGoexit)
	defer func() {
		panicked := recover()
		if err == nil {
			return
		}
		s.mu.Lock()
		s.err, s.panicked = err, panicked
		s.mu.Unlock()
		s.cancel()
	}()
	if begun := s.begin(); begun != nil {
		err = begun
		return
	}
	err = s.send()
}

// Close implements Stream.
func (s *sending) Close() error {
	s.cancel() // which ends a Send that is under way
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.Stream.Close()
	if s.begun && s.source.channel {
		<-s.done
	}
	return err
}

// ---- arguments, the handler's side

// Args receives what a [Source] sends, for a handler. When the handler has
// returned, Close must be called: what it was given has no elements any more.
type Args struct {
	call Stream
	turn sync.Mutex // held by who receives
	stop chan struct{}

	mu   sync.Mutex // not held while waiting
	over bool       // the handler has returned
	end  error      // why there are no more elements: io.EOF if that was all
	told bool       // the handler knows
}

// NewArgs returns what receives the elements that are sent on call.
func NewArgs(call Stream) *Args { return &Args{call: call, stop: make(chan struct{})} }

// Close ends the receiving. A goroutine of the handler that still waits for an
// element ends with the call.
func (a *Args) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.over {
		a.over = true
		close(a.stop)
	}
}

// Err says why not all elements were received that the handler asked for, unless
// it was told.
func (a *Args) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.told {
		return nil
	}
	return unlessEnded(a.end)
}

var errOver = &Error{Code: FailedPrecondition, Message: "a stream that is an argument was used after the method had returned"}

// nextArg receives an element. The error is io.EOF if there is none left.
func nextArg[T any](a *Args, read func(in *Message) T) (v T, err error) {
	a.turn.Lock()
	defer a.turn.Unlock()
	if err := a.ended(); err != nil {
		return v, err
	}
	in, err := a.call.Recv()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over { // the message is not this call's any more
		return v, errOver
	}
	if err == nil {
		v = read(in)
		err = in.Err()
	}
	a.end = err
	return v, err
}

func (a *Args) ended() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return errOver
	}
	return a.end
}

// finish notes that there are no more elements.
func (a *Args) finish(err error, told bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.end, a.told = err, told
}

// ArgSeq is the iter.Seq that a handler is given. Like that of a channel, its
// elements come once: a second range goes on where the first stopped.
func ArgSeq[T any](a *Args, read func(in *Message) T) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for {
			if v, err := nextArg(a, read); err != nil || !yield(v) {
				return
			}
		}
	}
}

// A pair is an element of an iter.Seq2.
type pair[K, V any] struct {
	k K
	v V
}

func paired[K, V any](read func(in *Message) (K, V)) func(in *Message) pair[K, V] {
	return func(in *Message) pair[K, V] {
		k, v := read(in)
		return pair[K, V]{k, v}
	}
}

// ArgSeq2 is the iter.Seq2 that a handler is given.
func ArgSeq2[K, V any](a *Args, read func(in *Message) (K, V)) func(yield func(K, V) bool) {
	pairs := ArgSeq(a, paired(read))
	return func(yield func(K, V) bool) {
		pairs(func(p pair[K, V]) bool { return yield(p.k, p.v) })
	}
}

// ArgSeqErr is the iter.Seq2 with errors that a handler is given: those of the
// caller's, and what goes wrong on the way.
func ArgSeqErr[T any](a *Args, read func(in *Message) (T, error)) func(yield func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for {
			p, err := nextArg(a, paired(read))
			switch {
			case err == io.EOF:
				return
			case err != nil:
				a.finish(err, true)
				yield(p.k, err)
				return
			case p.v != nil:
				a.finish(io.EOF, true)
				yield(p.k, p.v)
				return
			}
			if !yield(p.k, nil) {
				return
			}
		}
	}
}

// ArgChan is the channel that a handler is given. It is closed when there are no
// more elements, and when the handler has returned.
func ArgChan[T any](a *Args, read func(in *Message) T) <-chan T {
	ch := make(chan T)
	go func() {
		defer close(ch)
		defer func() {
			if p := recover(); p != nil {
				a.finish(panicked(p), false)
			}
		}()
		for {
			v, err := nextArg(a, read)
			if err != nil {
				return
			}
			select {
			case ch <- v:
			case <-a.stop:
				return
			}
		}
	}()
	return ch
}

// panicked is the error of a panic on a goroutine where nobody else would catch
// it: it comes of what the other side sent, and must not end this one.
func panicked(p any) error {
	return &Error{Code: Internal, Message: fmt.Sprintf("panic while an element was read: %v", p), Stack: string(debug.Stack())}
}
