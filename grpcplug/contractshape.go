package grpcplug

import (
	"slices"

	"google.golang.org/grpc"

	"github.com/tenon-go/tenon"
)

// A shape is a protobuf service as both libraries see it.
type shape struct {
	desc     *grpc.ServiceDesc
	contract *tenon.Contract
	own      []tenon.ErrorDef // that the user named
	paths    []string         // of the methods, "/kv.Store/Get", in the contract's order
	index    map[string]int   // of paths
}

// newShape makes the contract of a service: its methods in the order in which
// they are described, single questions before streams.
func newShape(desc *grpc.ServiceDesc, own []tenon.ErrorDef) *shape {
	s := &shape{
		desc:     desc,
		contract: &tenon.Contract{Name: desc.ServiceName, Errors: errorDefs(own)},
		own:      own,
		index:    make(map[string]int),
	}
	for i := range desc.Methods {
		s.add(tenon.Method{Name: desc.Methods[i].MethodName})
	}
	for i := range desc.Streams {
		d := &desc.Streams[i]
		s.add(tenon.Method{Name: d.StreamName, ClientStream: d.ClientStreams, ServerStream: d.ServerStreams})
	}
	return s
}

// add adds a method. It is optional: gRPC's clients find out that a server lacks
// a method when they call it.
func (s *shape) add(m tenon.Method) {
	m.Optional = true
	path := "/" + s.contract.Name + "/" + m.Name
	s.index[path] = len(s.paths)
	s.paths = append(s.paths, path)
	s.contract.Methods = append(s.contract.Methods, m)
}

// serve returns the service that impl carries out.
func (s *shape) serve(impl any, opts []ServerOptions) tenon.Service {
	return tenon.Service{Contract: s.contract, Server: newStubServer(s, impl, opts)}
}

// dial returns what the stubs call: gRPC itself where that is what the
// connection speaks.
func (s *shape) dial(conn tenon.Conn, opts []ClientOptions) (grpc.ClientConnInterface, error) {
	if cc, ok := overItself(conn, s.contract); ok {
		return intercept(cc, opts), nil
	}
	ref, err := s.contract.Bind(conn)
	if err != nil {
		return nil, err
	}
	offered, _ := conn.Offers(s.contract.Name)
	c := &stubConn{conn: conn, known: make(map[string]stubTarget, len(s.paths))}
	for path, i := range s.index {
		if slices.Contains(offered, s.contract.Methods[i].Name) {
			c.known[path] = stubTarget{ref, i}
		}
	}
	return intercept(c, opts), nil
}
