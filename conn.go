package tenon

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
)

// A Conn is one end of a connection between a host and a plugin, and what
// calls go out on: the host's handle on a plugin, the plugin's on its host
// (see [Caller]), either end of a pair in memory. Both ends can call. A Conn is
// safe for concurrent use.
type Conn interface {
	// Open starts a call of one of the methods of what to names. Nothing is
	// sent before the stream is used. The call ends, wherever it is, when ctx
	// does.
	Open(ctx context.Context, to *Ref, method int) (Stream, error)

	// Offers returns the methods of a service that the other side offers. That
	// is how to ask for an optional method before calling it. Nil and true mean that
	// it is not known: plugins of other systems need not say, but a call shows.
	Offers(service string) (methods []string, ok bool)

	// Release tells the other side that a kept ref is not used any more.
	// [Ref.Release] calls it, once for each ref.
	Release(id uint64)

	// Stats counts what the connection has done and holds.
	Stats() Stats

	// Done is closed when the connection has ended, for whatever reason.
	Done() <-chan struct{}

	// Err says why the connection ended: nil before that and after an orderly
	// shutdown.
	Err() error
}

// A Stream is one call in flight, seen from either end: a single question and
// answer, or a stream of messages in one direction or both.
//
// One goroutine may send while another receives; apart from that a Stream is
// for one goroutine at a time. After Close it must not be used.
type Stream interface {
	// Context is the call's context. In a handler it ends when the caller gives
	// up, when the caller's deadline has passed, and when the connection ends.
	Context() context.Context

	// Out is the message to be sent next.
	Out() *Message

	// Send sends Out and empties it. It waits while the receiver has no room,
	// no longer than the call's context. When the call has ended meanwhile it
	// fails, with [io.EOF] if that was a success: Recv then returns the answer.
	Send() error

	// SendLast is Send, and says that nothing follows.
	SendLast() error

	// CloseSend says that nothing more is sent.
	CloseSend() error

	// Recv returns the next message, which is valid until the next Recv or
	// Close. When there is none left it returns [io.EOF] after success, and
	// otherwise what went wrong: an *[Error] that the other side answered with,
	// a *[TransportError], or the error of a plugin that crashed.
	Recv() (*Message, error)

	// Call is SendLast and Recv in one: a question and its answer.
	Call() (*Message, error)

	// Close ends the call, which cancels it if it is still under way, and
	// releases what it holds. It is safe to call twice.
	Close() error
}

// A Ref stands for something that lives on the other side of a connection: a
// service under its contract's name, or an interface value, function, reader or
// writer that was passed as an argument or a result.
//
// A ref that was passed as an argument is good until the call ends, unless the
// contract says that it is kept. A kept ref, and one that is a result, is good
// until it is released: by Release, or, so that a forgotten one does not leak
// for ever, when the garbage collector finds that nobody holds it. All of them
// end with the connection.
//
// A Ref is safe for concurrent use.
type Ref struct {
	conn     Conn
	contract *Contract
	id       uint64
	kept     bool
	done     atomic.Bool
	cleanup  runtime.Cleanup
}

// NewRef returns a ref to what conn's other side exported under id, or to the
// service with the contract's name if id is 0. Protocols call it; generated
// code does not.
func NewRef(conn Conn, c *Contract, id uint64, kept bool) *Ref {
	r := &Ref{conn: conn, contract: c, id: id, kept: kept}
	if kept {
		r.cleanup = runtime.AddCleanup(r, conn.Release, id)
	}
	return r
}

// Conn returns the connection that the ref belongs to.
func (r *Ref) Conn() Conn { return r.conn }

// Contract returns the contract that the ref's other end fulfils.
func (r *Ref) Contract() *Contract { return r.contract }

// ID returns the number under which the other side exported it, 0 for a service.
func (r *Ref) ID() uint64 { return r.id }

// Open starts a call of the contract's method with the given index. After the
// ref was released it fails with code [FailedPrecondition].
func (r *Ref) Open(ctx context.Context, method int) (Stream, error) {
	if r.done.Load() {
		return nil, &Error{
			Code:    FailedPrecondition,
			Service: r.contract.Name,
			Method:  r.contract.Methods[method].Name,
			Message: r.overText(),
		}
	}
	return r.conn.Open(ctx, r, method)
}

// overText says what has ended a released ref, and what to do about it.
func (r *Ref) overText() string {
	name := r.contract.Name
	if name == ioContract.Name {
		name = "a reader or writer"
	}
	switch {
	case r.id == 0:
		return name + " was used after it was released"
	case r.kept:
		return name + " was used after it was closed or released"
	}
	return name + " that was an argument was used after its call had ended; to use it longer, the contract has to say so, by //tenon:keep on the method"
}

// Offers reports whether the other end has the method with the given index. Of
// what is not a service only the methods that are not optional are known.
func (r *Ref) Offers(method int) bool {
	m := &r.contract.Methods[method]
	if r.id != 0 {
		return !m.Optional
	}
	methods, ok := r.conn.Offers(r.contract.Name)
	return ok && methods == nil || slices.Contains(methods, m.Name)
}

// Release gives the ref up. Only the first call does anything.
func (r *Ref) Release() {
	if r.done.Swap(true) || !r.kept {
		return
	}
	r.cleanup.Stop()
	r.conn.Release(r.id)
}

// AsConn returns a connection on which r is the service with its contract's
// name. It is for the OpenX function of another package's contract, which gets r
// itself by it. What it does otherwise, the connection does that r belongs to.
func (r *Ref) AsConn() Conn { return refConn{r.conn, r} }

// A refConn offers a ref as a service. [Contract.Bind] knows it.
type refConn struct {
	Conn
	ref *Ref
}

// Offers implements [Conn].
func (c refConn) Offers(service string) ([]string, bool) {
	if service != c.ref.contract.Name {
		return c.Conn.Offers(service)
	}
	var names []string
	for i := range c.ref.contract.Methods {
		if c.ref.Offers(i) {
			names = append(names, c.ref.contract.Methods[i].Name)
		}
	}
	return names, true
}

// Open implements [Conn]. Another contract of the same name has its own order of
// methods.
func (c refConn) Open(ctx context.Context, to *Ref, method int) (Stream, error) {
	if to.id != 0 || to.contract.Name != c.ref.contract.Name {
		return c.Conn.Open(ctx, to, method)
	}
	name := to.contract.Methods[method].Name
	i := c.ref.contract.Index(name)
	if i < 0 {
		return nil, &Error{Code: Unimplemented, Service: to.contract.Name, Method: name, Message: to.contract.Name + " has no method " + name}
	}
	return c.ref.Open(ctx, i)
}

// Lost tells the connection that a call of the method with the given index
// failed, and that the method has no error result that would say so. A host or
// plugin logs it. A connection that has no Lost method, as below, is not told.
func (r *Ref) Lost(method int, err error) {
	if c, ok := r.conn.(interface {
		Lost(r *Ref, method int, err error)
	}); ok && err != nil {
		c.Lost(r, method, err)
	}
}

// A RefTable is what messages export refs to and import them from: the part of
// a connection that a protocol implements for them.
type RefTable interface {
	// Export keeps s for the other side, under the number that it returns.
	Export(s Service, kept bool) (id uint64, err error)
	// Import makes a ref to what the other side exported under id.
	Import(id uint64, c *Contract, kept bool) (*Ref, error)
	// Return finds what this side exported under id, which has come home.
	Return(id uint64, c *Contract) (*Service, error)
	// Home reports whether r lives on the other side of this connection.
	Home(r *Ref) bool
}

// A ContractTable is a [RefTable] that knows the contract of the call that its
// messages are part of. The errors of readers and writers in them are that
// contract's.
type ContractTable interface {
	RefTable
	CallContract() *Contract
}

// Stats counts what one end of a connection has done and holds. After
// everything was called, closed and released, the Active, Exported and Held
// numbers are zero: what remains is a leak.
type Stats struct {
	CallsOut, CallsIn   uint64 // calls begun, by this side and by the other
	ActiveOut, ActiveIn int    // calls that have not ended
	Lost                uint64 // calls that failed with nobody to tell; see [Ref.Lost]
	Exported            int    // refs that the other side may call
	Held                int    // refs of the other side that this one may call
	BytesOut, BytesIn   uint64 // bytes written to and read from the carrier
}

// InUse names what [Stats] counts of what a connection holds: contracts, and
// methods of contracts, with how many there are of each.
type InUse struct {
	CallsOut, CallsIn map[string]int // "kv.Store.Watch"
	Exported, Held    map[string]int // "kv.Listener"
}

// Limits bound what the other side can make this one hold. Each side sets its
// own, and tells the other. Zero fields have the defaults that they name.
type Limits struct {
	// Message is the size in bytes of the largest message that is accepted:
	// 64 MiB.
	Message int64

	// Window is how many bytes of a call the other side may send before this
	// one has taken them: 256 KiB, and no less than 64 KiB.
	Window int

	// Large bounds the bytes of all messages larger than Window that are being
	// received at a time; further ones wait: four times Message.
	Large int64

	// Calls is how many calls of the other side are carried out at a time: 1024.
	// Further ones wait where they are made, no longer than their context; a side
	// that sends them all the same is answered with [ResourceExhausted].
	Calls int

	// Refs is how many refs either side may hold of the other: 65536.
	Refs int
}

// WithDefaults returns l with its zero fields filled in.
func (l Limits) WithDefaults() Limits {
	set(&l.Message, 64<<20)
	set(&l.Window, 256<<10)
	l.Window = max(l.Window, 64<<10)
	set(&l.Large, 4*l.Message)
	set(&l.Calls, 1024)
	set(&l.Refs, 1<<16)
	return l
}

func set[T int | int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}

// Metadata is sent along with a call: trace context, for example. Keys are in
// lower case and not empty; those that begin with "tenon-" are reserved. A call
// with other keys, or with more than 128 values or 32 KiB of metadata, fails before
// it is sent.
type Metadata map[string][]string

type (
	outgoingKey struct{}
	callKey     struct{}
)

// WithMetadata returns a context under which calls carry md, in place of what
// an outer context said. The map must not be changed afterwards.
func WithMetadata(ctx context.Context, md Metadata) context.Context {
	return context.WithValue(ctx, outgoingKey{}, md)
}

// OutgoingMetadata returns what WithMetadata set. Protocols call it.
func OutgoingMetadata(ctx context.Context) Metadata {
	md, _ := ctx.Value(outgoingKey{}).(Metadata)
	return md
}

// An Incoming call is what the context of a handler knows about it.
type Incoming struct {
	Conn     Conn
	Metadata Metadata
}

// IncomingKey returns the key under which a handler's context answers with an
// *[Incoming]. A protocol whose context type knows it needs no allocation to
// carry it.
func IncomingKey() any { return callKey{} }

// Caller returns the connection that the call being handled under ctx came in
// on, and what came with it. With the connection a plugin reaches the services
// that its host offers.
func Caller(ctx context.Context) (Conn, Metadata, bool) {
	in, ok := ctx.Value(callKey{}).(*Incoming)
	if !ok {
		return nil, nil, false
	}
	return in.Conn, in.Metadata, true
}
