package grpcplug

import (
	"context"
	"io"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/tenon-go/tenon"
)

// newCall begins a call of the other side.
func newCall(ctx context.Context, c caller, to *tenon.Ref, method int) *clientStream {
	s := &clientStream{conn: c, ref: to.ID(), contract: to.Contract(), method: &to.Contract().Methods[method]}
	if s.method.Timeout > 0 {
		s.ctx, s.cancel = context.WithTimeout(ctx, s.method.Timeout)
	} else {
		s.ctx, s.cancel = context.WithCancel(ctx)
	}
	s.refs = newCallRefs(s.ctx, c, to.Contract())
	s.out.Reset(nil, s.refs)
	return s
}

// A clientStream is a call that this side has made.
type clientStream struct {
	conn     caller
	ref      uint64
	refs     *callRefs
	contract *tenon.Contract
	method   *tenon.Method
	ctx      context.Context
	cancel   context.CancelFunc

	once sync.Once
	cs   grpc.ClientStream
	err  error // why there is none

	out, in tenon.Message
	frame   frame // what was received
	got     bool  // the answer of a method with a single one
}

func (s *clientStream) Context() context.Context { return s.ctx }

func (s *clientStream) Out() *tenon.Message { return &s.out }

// open begins the call: nothing is sent before the stream is used.
func (s *clientStream) open() error {
	s.once.Do(func() {
		more, _ := metadata.FromOutgoingContext(s.ctx)
		md := s.conn.outgoing(s.ctx, metadata.Join(more, metadata.MD(tenon.OutgoingMetadata(s.ctx))))
		if s.ref != 0 {
			md.Set(refKey, strconv.FormatUint(s.ref, 10))
		}
		ctx := metadata.NewOutgoingContext(s.ctx, md)
		cc, err := s.conn.channel(ctx)
		if err != nil {
			s.err = err
			return
		}
		desc := &grpc.StreamDesc{StreamName: s.method.Name, ClientStreams: s.method.ClientStream, ServerStreams: s.method.ServerStream}
		s.cs, s.err = cc.NewStream(ctx, desc, "/"+s.contract.Name+"/"+s.method.Name, grpc.ForceCodec(codec{}))
		s.err = s.explain(s.err)
	})
	return s.err
}

func (s *clientStream) explain(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return s.conn.explain(s.ctx, err, s.contract, s.method.Name)
}

// Send sends Out. gRPC keeps what it is given, so it gets a copy.
func (s *clientStream) Send() error {
	if err := s.open(); err != nil {
		return err
	}
	b, err := take(&s.out, s.refs)
	if err != nil {
		return err
	}
	return s.explain(s.cs.SendMsg(&frame{b}))
}

// take empties a message and returns what was in it.
func take(m *tenon.Message, refs *callRefs) ([]byte, error) {
	err := m.Err()
	b := append([]byte(nil), m.Raw()...)
	m.Reset(m.Buffer()[:0], refs)
	return b, err
}

func (s *clientStream) SendLast() error {
	// gRPC says io.EOF when the call has ended meanwhile; then the answer tells.
	if err := s.Send(); err != nil && err != io.EOF {
		return err
	}
	return s.CloseSend()
}

func (s *clientStream) CloseSend() error {
	if err := s.open(); err != nil {
		return err
	}
	return s.explain(s.cs.CloseSend())
}

func (s *clientStream) Recv() (*tenon.Message, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	if s.got {
		return nil, io.EOF
	}
	if err := s.cs.RecvMsg(&s.frame); err == io.EOF && !s.method.ServerStream {
		// gRPC takes a status without a message for the end of a stream.
		return nil, &tenon.Error{Code: tenon.Internal, Service: s.contract.Name, Method: s.method.Name, Message: "the other side ended the call well, and without an answer"}
	} else if err != nil {
		return nil, s.explain(err)
	}
	s.got = !s.method.ServerStream
	s.in.Load(s.frame.b, s.refs)
	return &s.in, nil
}

func (s *clientStream) Call() (*tenon.Message, error) {
	if err := s.SendLast(); err != nil {
		return nil, err
	}
	return s.Recv()
}

func (s *clientStream) Close() error {
	s.cancel()
	s.refs.end()
	return nil
}
