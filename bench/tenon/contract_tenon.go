package tenonbench

// This file stands for what `tenon gen` makes of contract.go.

import (
	"context"
	"io"
	"iter"

	"github.com/tenon-go/tenon"
)

// The methods of Bench.
const (
	benchEcho = iota
	benchMessages
)

var benchContract = &tenon.Contract{
	Name: "tenonbench.Bench",
	Methods: []tenon.Method{
		{Name: "Echo"},
		{Name: "Messages", ServerStream: true},
	},
}

// OpenBench returns the Bench that the other side of c offers.
func OpenBench(_ context.Context, c tenon.Conn) (Bench, error) {
	ref, err := benchContract.Bind(c)
	if err != nil {
		return nil, err
	}
	return &benchClient{ref}, nil
}

// ServeBench returns a service that impl carries out.
func ServeBench(impl Bench) tenon.Service {
	return tenon.Service{Contract: benchContract, Server: benchServer{impl}}
}

type benchClient struct{ ref *tenon.Ref }

func (c *benchClient) Echo(ctx context.Context, request []byte) (r0 []byte, err error) {
	s, err := c.ref.Open(ctx, benchEcho)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	out := s.Out()
	if len(request) > 0 {
		out.WriteBytes(1, request)
	}
	in, err := s.Call()
	if err != nil {
		return nil, err
	}
	for in.Next() {
		switch in.Field() {
		case 1:
			r0 = in.ReadBytes()
		}
	}
	return r0, in.Err()
}

func (c *benchClient) Messages(ctx context.Context, count, size int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s, err := c.ref.Open(ctx, benchMessages)
		if err != nil {
			yield(nil, err)
			return
		}
		defer s.Close()
		out := s.Out()
		if count != 0 {
			out.WriteInt(1, int64(count))
		}
		if size != 0 {
			out.WriteInt(2, int64(size))
		}
		if err := s.SendLast(); err != nil {
			yield(nil, err)
			return
		}
		for {
			in, err := s.Recv()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			var v []byte
			for in.Next() {
				switch in.Field() {
				case 1:
					v = in.ReadBytes()
				}
			}
			if err := in.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

type benchServer struct{ impl Bench }

func (b benchServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	switch method {
	case benchEcho:
		return b.echo(ctx, s)
	default:
		return b.messages(ctx, s)
	}
}

func (b benchServer) echo(ctx context.Context, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	var request []byte
	for in.Next() {
		switch in.Field() {
		case 1:
			request = in.ReadBytes()
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	r0, err := b.impl.Echo(ctx, request)
	if err != nil {
		return err
	}
	out := s.Out()
	if len(r0) > 0 {
		out.WriteBytes(1, r0)
	}
	return nil
}

func (b benchServer) messages(ctx context.Context, s tenon.Stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	var count, size int
	for in.Next() {
		switch in.Field() {
		case 1:
			count = int(in.ReadInt())
		case 2:
			size = int(in.ReadInt())
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	for v, err := range b.impl.Messages(ctx, count, size) {
		if err != nil {
			return err
		}
		out := s.Out()
		if len(v) > 0 {
			out.WriteBytes(1, v)
		}
		if err := s.Send(); err != nil {
			return err
		}
	}
	return nil
}
