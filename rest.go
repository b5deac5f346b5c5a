package tenon

import (
	"context"
	"runtime"
	"sync"
)

// ---- results

// Each receives messages until there are none left, and gives yield what read
// makes of them until it returns false. The error says why there were not more.
func Each[T any](call Stream, yield func(T) bool, read func(in *Message) T) error {
	for {
		in, err := call.Recv()
		if err != nil {
			return unlessEnded(err)
		}
		v := read(in)
		if err := in.Err(); err != nil {
			return err
		}
		if !yield(v) {
			return nil
		}
	}
}

// Each2 is [Each] for pairs.
func Each2[K, V any](call Stream, yield func(K, V) bool, read func(in *Message) (K, V)) error {
	return Each(call, func(p pair[K, V]) bool { return yield(p.k, p.v) }, paired(read))
}

// EachErr is [Each] for an iter.Seq2 that tells of the error itself.
func EachErr[T any](call Stream, yield func(T, error) bool, read func(in *Message) T) {
	err := Each(call, func(v T) bool { return yield(v, nil) }, read)
	if err != nil {
		var none T
		yield(none, err)
	}
}

// A Rest is a call that goes on after the method that made it has returned,
// because one of its results is a stream. What is not ranged over ends with the
// call's context, with the connection, or when the garbage collector finds that
// nobody can range over it any more.
type Rest struct {
	*rest
	kept bool
}

// A rest is what the runtime holds of a Rest, which it must not keep alive.
type rest struct {
	ref    *Ref
	method int
	call   Stream
	ctx    context.Context

	mu    sync.Mutex
	state restState
	stop  func() bool // the giving up when the context ends
}

type restState int

const (
	waiting restState = iota // to be ranged over
	ranged
	givenUp
)

// NewRest returns what receives the rest of call, which is of ref's method with
// the given index.
func NewRest(ref *Ref, method int, call Stream) *Rest {
	return &Rest{rest: &rest{ref: ref, method: method, call: call, ctx: call.Context()}}
}

// Head receives the first message, which comes before all elements.
func (r *Rest) Head() (*Message, error) {
	in, err := r.call.Recv()
	return in, answered(err)
}

// Close ends the call, unless an iterator or channel was made of it.
func (r *Rest) Close() {
	if !r.kept {
		r.call.Close()
	}
}

// keep lets the call go on without the method that made it.
func (r *Rest) keep() {
	r.kept = true
	inner := r.rest
	inner.mu.Lock()
	defer inner.mu.Unlock()
	inner.stop = context.AfterFunc(inner.ctx, inner.giveUp)
	runtime.AddCleanup(r, (*rest).giveUp, inner)
}

// giveUp ends a call whose elements nobody has asked for.
func (r *rest) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == waiting {
		r.state = givenUp
		r.stop()
		r.call.Close()
	}
}

// each has f receive the elements, the first time.
func (r *rest) each(f func(call Stream) error) error {
	if err := r.take(); err != nil {
		return err
	}
	defer r.call.Close()
	return f(r.call)
}

func (r *rest) take() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state
	if state == waiting {
		r.state = ranged
		r.stop()
		return nil
	}
	e := &Error{Code: FailedPrecondition, Service: r.ref.contract.Name, Method: r.ref.contract.Methods[r.method].Name}
	e.Message = e.Service + "." + e.Method + ": its stream was ranged over a second time: it comes with other results, of one call, whose elements come once"
	if state == givenUp {
		e.Code, e.Err = CodeOf(r.ctx.Err()), r.ctx.Err()
		e.Message = e.Service + "." + e.Method + ": its stream was ranged over after the context of the call had ended"
	}
	return e
}

// lost tells of an error that no result can.
func (r *rest) lost(err error) {
	if err != nil {
		r.ref.Lost(r.method, err)
	}
}

// RestSeq is the rest of a call as an iter.Seq.
func RestSeq[T any](r *Rest, read func(in *Message) T) func(yield func(T) bool) {
	r.keep()
	return func(yield func(T) bool) {
		r.lost(r.each(func(call Stream) error { return Each(call, yield, read) }))
	}
}

// RestSeq2 is the rest of a call as an iter.Seq2.
func RestSeq2[K, V any](r *Rest, read func(in *Message) (K, V)) func(yield func(K, V) bool) {
	r.keep()
	return func(yield func(K, V) bool) {
		r.lost(r.each(func(call Stream) error { return Each2(call, yield, read) }))
	}
}

// RestSeqErr is the rest of a call as an iter.Seq2 that tells of its error.
func RestSeqErr[T any](r *Rest, read func(in *Message) T) func(yield func(T, error) bool) {
	r.keep()
	return func(yield func(T, error) bool) {
		err := r.each(func(call Stream) error {
			EachErr(call, yield, read)
			return nil
		})
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

// RestChan is the rest of a call as a channel, which is closed at its end. It must
// be received from until then, or the call's context must end.
func RestChan[T any](r *Rest, read func(in *Message) T) <-chan T {
	r.kept = true
	inner := r.rest
	ch := make(chan T)
	go func() {
		defer close(ch)
		defer inner.call.Close()
		defer func() {
			if p := recover(); p != nil {
				inner.lost(panicked(p))
			}
		}()
		inner.lost(forward(inner, ch, read))
	}()
	return ch
}

// forward sends the elements to ch. The end of the context is not an error: that
// is how a receiver gives up.
func forward[T any](r *rest, ch chan<- T, read func(in *Message) T) error {
	cut := false
	err := Each(r.call, func(v T) bool {
		select {
		case ch <- v:
			return true
		case <-r.ctx.Done():
		case <-r.ref.Conn().Done():
			cut = true
		}
		return false
	}, read)
	if r.ctx.Err() != nil {
		return nil
	}
	if cut {
		_, err = r.call.Recv()
	}
	return unlessEnded(err)
}

// NoChan is a channel that is closed, in place of one whose call failed.
func NoChan[T any]() <-chan T {
	ch := make(chan T)
	close(ch)
	return ch
}

// Until ranges over a channel that a handler returned, until the call has ended.
func Until[T any](ctx context.Context, ch <-chan T) func(yield func(T) bool) {
	return func(yield func(T) bool) {
		for {
			select {
			case v, ok := <-ch:
				if !ok || !yield(v) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
