package grpcplug

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
)

// A stubStream is a stream as gRPC's stubs use it. Unlike one of Tenon's it
// needs no Close: it ends when its answer has ended, or its context, or when
// something failed.
//
// Who ends it must hold both locks, receiving first: the native stream is closed
// then, and nobody may use it after that.
type stubStream struct {
	ctx    context.Context
	cancel context.CancelFunc
	unhook func() bool // of the function that waits for ctx
	desc   *grpc.StreamDesc
	set    *callSettings
	stream tenon.Stream
	aside  aside // nil if the stream has noMetadata

	receiving sync.Mutex
	err       error // what RecvMsg returns from now on; set when the stream has ended

	sending sync.Mutex
	last    bool  // nothing more is sent
	over    bool  // the stream is closed
	given   error // why the sender has ended it
}

var _ grpc.ClientStream = (*stubStream)(nil)

// NewStream implements [grpc.ClientConnInterface].
func (c *stubConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, path string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	set, err := newCallSettings(opts)
	if err != nil {
		return nil, err
	}
	s := &stubStream{desc: desc, set: set}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.stream, err = c.open(s.ctx, path, tenon.Method{ClientStream: desc.ClientStreams, ServerStream: desc.ServerStreams}, set)
	if err == nil {
		s.aside, _ = s.stream.(aside)
		err = s.begin()
	}
	if err != nil {
		s.cancel()
		set.finish(err)
		return nil, err
	}
	// The stream is its user's, who may forget it once the context has ended.
	s.receiving.Lock()
	defer s.receiving.Unlock()
	s.unhook = context.AfterFunc(s.ctx, s.abandon)
	return s, nil
}

// begin lets the handler start, if it need not wait for a question.
func (s *stubStream) begin() error {
	if !s.desc.ClientStreams || s.aside == nil {
		return nil
	}
	err := s.aside.Begin()
	if err != nil {
		s.stream.Close()
	}
	return stubStatus(err)
}

// Context implements [grpc.ClientStream].
func (s *stubStream) Context() context.Context { return s.ctx }

// Header implements [grpc.ClientStream]. It is nil if the stream ended without
// one because of its context.
func (s *stubStream) Header() (metadata.MD, error) {
	if s.aside == nil {
		return metadata.MD{}, nil
	}
	h, err := s.aside.Header()
	switch {
	case err != nil:
		return nil, nil // RecvMsg tells why, as with gRPC
	case h == nil:
		return metadata.MD{}, nil
	}
	return metadata.MD(h).Copy(), nil
}

// Trailer implements [grpc.ClientStream].
func (s *stubStream) Trailer() metadata.MD {
	if s.aside == nil {
		return nil
	}
	return metadata.MD(s.aside.Trailer()).Copy()
}

// SendMsg implements [grpc.ClientStream].
func (s *stubStream) SendMsg(m any) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	switch {
	case s.over:
		return s.unsent()
	case s.last:
		return status.Error(codes.Internal, "SendMsg called after CloseSend, or twice where the method takes one message")
	}
	err := encodeProto(s.stream.Out(), m, s.set.maxSend())
	if err != nil {
		return s.give(err)
	}
	if s.desc.ClientStreams {
		err = s.stream.Send()
	} else {
		s.last = true
		err = s.stream.SendLast()
	}
	switch {
	case err == nil:
		return nil
	case err == io.EOF, s.aside != nil && s.aside.Ended():
		return s.unsent()
	}
	return s.give(stubStatus(err))
}

// unsent is what SendMsg returns when the call has ended: RecvMsg says why. Those
// who send a single message look there in any case.
func (s *stubStream) unsent() error {
	if s.desc.ClientStreams {
		return io.EOF
	}
	return nil
}

// give ends the stream because of an error of its own sender's. Who receives
// gets the same.
func (s *stubStream) give(err error) error {
	s.last = true
	s.given = err
	s.cancel()
	return err
}

// CloseSend implements [grpc.ClientStream]. It never fails: RecvMsg does.
func (s *stubStream) CloseSend() error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if !s.last && !s.over {
		s.last = true
		s.stream.CloseSend()
	}
	return nil
}

// RecvMsg implements [grpc.ClientStream].
func (s *stubStream) RecvMsg(m any) error {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	if s.err != nil {
		return s.err
	}
	in, err := s.stream.Recv()
	switch {
	case err == nil:
		err = decodeProto(in, m, s.set.maxReceive())
	case err == io.EOF && !s.desc.ServerStreams:
		err = status.Error(codes.Internal, "the call succeeded without the message that the method answers with")
	default:
		err = stubStatus(err)
	}
	if err != nil {
		return s.end(err)
	}
	if !s.desc.ServerStreams {
		s.end(io.EOF) // a single answer comes with the end
	}
	return nil
}

// abandon ends the stream because its context has. Whoever sends or receives is
// on the way out for the same reason.
func (s *stubStream) abandon() {
	s.receiving.Lock()
	defer s.receiving.Unlock()
	if s.err == nil {
		s.end(status.FromContextError(s.ctx.Err()).Err())
	}
}

// end closes the stream, and returns err, which is io.EOF after success. The
// receiving lock is held.
func (s *stubStream) end(err error) error {
	s.unhook()
	s.cancel() // whoever sends need not wait for room any more
	s.sending.Lock()
	defer s.sending.Unlock()
	s.over = true
	if s.given != nil {
		err = s.given
	}
	s.err = err
	s.stream.Close()
	s.set.collect(s.stream)
	if err == io.EOF {
		s.set.finish(nil)
	} else {
		s.set.finish(err)
	}
	return err
}
