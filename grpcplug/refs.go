package grpcplug

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// The metadata by which calls concern refs.
const (
	// refKey is the ref that is called, in decimal. Without it the service of the
	// method's name is.
	refKey = "tenon-ref"

	// hostKey is the broker's id under which the host serves its refs and its
	// services, in decimal. It comes with each call of a Tenon host's.
	hostKey = "tenon-host"
)

// The service that either side of Tenon has for refs.
const (
	refsService   = "tenon.GRPC"
	releaseMethod = "Release" // takes message { repeated uint64 ids = 1; }, answers with an empty one
	offeredMethod = "Offered" // takes an empty message, answers with message { repeated Service services = 1; } of the native hello
)

// refs are what one side of a connection has exported.
type refs struct {
	limit int // of refs either way

	mu      sync.Mutex
	next    uint64
	exports map[uint64]*export
	held    int
	closed  bool
}

// An export is something that the other side can call.
type export struct {
	service tenon.Service
	kept    bool
}

func newRefs(l tenon.Limits) *refs {
	return &refs{limit: l.WithDefaults().Refs, exports: map[uint64]*export{}}
}

func (r *refs) find(id uint64) *export {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.exports[id]
}

// drop takes exports back.
func (r *refs) drop(ids ...uint64) {
	for _, id := range ids {
		r.mu.Lock()
		x := r.exports[id]
		delete(r.exports, id)
		r.mu.Unlock()
		if x != nil && x.kept && x.service.Released != nil {
			go x.service.Released()
		}
	}
}

// close takes all exports back: the connection has ended.
func (r *refs) close() {
	r.mu.Lock()
	r.closed = true
	var ids []uint64
	for id := range r.exports {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	r.drop(ids...)
}

func (r *refs) count(s *tenon.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Exported += len(r.exports)
	s.Held += r.held
}

// A callRefs is the part that one call has in the refs of its connection: what
// is lent with it ends with it.
type callRefs struct {
	*refs
	ctx      context.Context // the call's
	conn     caller
	contract *tenon.Contract // that the call is of

	own      sync.Mutex
	lent     []uint64
	borrowed []*tenon.Ref
}

// A caller is a connection that can call the other side.
type caller interface {
	tenon.Conn
	// channel returns what calls go out on.
	channel(context.Context) (*grpc.ClientConn, error)
	// canExport says why the other side could not call what it is given.
	canExport(context.Context) error
	// outgoing adds what goes with each call.
	outgoing(context.Context, metadata.MD) metadata.MD
	explain(ctx context.Context, err error, c *tenon.Contract, method string) error
	table() *refs
	raw() Raw
}

var (
	_ tenon.ErrorTable    = (*callRefs)(nil)
	_ tenon.ContractTable = (*callRefs)(nil)
)

func newCallRefs(ctx context.Context, c caller, contract *tenon.Contract) *callRefs {
	return &callRefs{ctx: ctx, refs: c.table(), conn: c, contract: contract}
}

// CallContract implements tenon.ContractTable.
func (c *callRefs) CallContract() *tenon.Contract { return c.contract }

// AppendError implements tenon.ErrorTable.
func (*callRefs) AppendError(b []byte, err error, defs []tenon.ErrorDef) []byte {
	return fault.Append(b, err, defs)
}

// ParseError implements tenon.ErrorTable.
func (*callRefs) ParseError(b []byte, defs []tenon.ErrorDef) error { return fault.Parse(b, defs) }

// Export implements tenon.RefTable.
func (c *callRefs) Export(s tenon.Service, kept bool) (uint64, error) {
	if err := c.conn.canExport(c.ctx); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, &tenon.TransportError{Op: "call", Unsent: true, Err: errClosed}
	case len(c.exports) >= c.limit:
		return 0, &tenon.Error{Code: tenon.ResourceExhausted, Message: fmt.Sprintf("%d refs are in use, the limit (tenon.Limits.Refs); are they released?", c.limit)}
	}
	c.next++
	c.exports[c.next] = &export{s, kept}
	if !kept {
		c.own.Lock()
		c.lent = append(c.lent, c.next)
		c.own.Unlock()
	}
	return c.next, nil
}

// Import implements tenon.RefTable.
func (c *callRefs) Import(id uint64, contract *tenon.Contract, kept bool) (*tenon.Ref, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case id == 0:
		return nil, &tenon.Error{Code: tenon.InvalidArgument, Message: "ref 0 does not exist"}
	case c.held >= c.limit:
		return nil, &tenon.Error{Code: tenon.ResourceExhausted, Message: fmt.Sprintf("%d refs are held, the limit (tenon.Limits.Refs); are they released?", c.limit)}
	}
	c.held++
	r := tenon.NewRef(c.conn, contract, id, kept)
	if !kept {
		c.own.Lock()
		c.borrowed = append(c.borrowed, r)
		c.own.Unlock()
	}
	return r, nil
}

// Return implements tenon.RefTable.
func (c *callRefs) Return(id uint64, contract *tenon.Contract) (*tenon.Service, error) {
	x := c.find(id)
	if x == nil || x.service.Contract.Name != contract.Name {
		return nil, &tenon.Error{Code: tenon.InvalidArgument, Message: fmt.Sprintf("ref %d, which was sent home, is not one of %s", id, contract.Name)}
	}
	return &x.service, nil
}

// Home implements tenon.RefTable.
func (c *callRefs) Home(r *tenon.Ref) bool { return r.Conn() == tenon.Conn(c.conn) && r.ID() != 0 }

// end takes back what was lent, both ways.
func (c *callRefs) end() {
	c.own.Lock()
	lent, borrowed := c.lent, c.borrowed
	c.lent, c.borrowed = nil, nil
	c.own.Unlock()
	c.drop(lent...)
	for _, r := range borrowed {
		r.Release()
	}
	c.mu.Lock()
	c.held -= len(borrowed)
	c.mu.Unlock()
}

// released tells the other side that a kept ref is not used any more.
func (r *refs) released(c caller, id uint64) {
	r.mu.Lock()
	r.held--
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cc, err := c.channel(ctx)
	if err != nil {
		return // with the connection the ref has ended
	}
	var m tenon.Message
	m.WriteUint(1, id)
	cc.Invoke(ctx, "/"+refsService+"/"+releaseMethod, &frame{m.Raw()}, &frame{}, grpc.ForceCodec(codec{}))
}

// An exporter answers calls for refs and services.
type exporter struct {
	refs     *refs
	services map[string]tenon.Service
	conn     caller
}

func newExporter(c caller, services []tenon.Service) *exporter {
	e := &exporter{refs: c.table(), services: map[string]tenon.Service{}, conn: c}
	for _, s := range services {
		e.services[s.Contract.Name] = s
	}
	return e
}

// serve carries out any call.
func (e *exporter) serve(_ any, ss grpc.ServerStream) error {
	full, _ := grpc.MethodFromServerStream(ss)
	name, method, _ := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	if name == refsService {
		return e.serveRefs(method, ss)
	}
	service, err := e.find(ss.Context(), name)
	if err != nil {
		return err
	}
	i := service.Contract.Index(method)
	if i < 0 || slices.Contains(service.Without, method) {
		return status.Errorf(codes.Unimplemented, "%s has no method %s", clip(name), clip(method))
	}
	return carryOut(service, i, ss, e.conn)
}

// find returns the ref or the service that is called.
func (e *exporter) find(ctx context.Context, name string) (tenon.Service, error) {
	if id, ok := number(ctx, refKey); ok {
		if x := e.refs.find(id); x != nil && x.service.Contract.Name == name {
			return x.service, nil
		}
		return tenon.Service{}, status.Errorf(codes.NotFound, "ref %d of %s does not exist: it was released, or the call that it was lent to has ended", id, clip(name))
	}
	s, ok := e.services[name]
	if !ok {
		return s, status.Errorf(codes.Unimplemented, "there is no service %s", clip(name))
	}
	return s, nil
}

func (e *exporter) serveRefs(method string, ss grpc.ServerStream) error {
	var f frame
	if err := ss.RecvMsg(&f); err != nil {
		return err
	}
	var out tenon.Message
	switch method {
	case releaseMethod:
		e.release(f.b)
	case offeredMethod:
		for _, s := range e.services {
			mark := out.Begin(1)
			out.WriteString(1, s.Contract.Name)
			for _, m := range s.Offered() {
				out.WriteString(2, m)
			}
			out.End(mark)
		}
	default:
		return status.Errorf(codes.Unimplemented, "there is no method %s", clip(method))
	}
	return ss.SendMsg(&frame{out.Raw()})
}

func (e *exporter) release(b []byte) {
	var in tenon.Message
	in.Load(b, nil)
	for in.Next() {
		if in.Field() == 1 {
			e.refs.drop(in.ReadUint())
		}
	}
}

// number returns a metadata value that is a number.
func number(ctx context.Context, key string) (uint64, bool) {
	values := metadata.ValueFromIncomingContext(ctx, key)
	if len(values) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(values[0], 10, 64)
	return n, err == nil
}

// An offering is what the other side has, asked for once.
type offering struct {
	once  sync.Once
	known bool // it has said so; plugins of other libraries don't
	list  map[string][]string
}

// get returns the methods of a service.
func (o *offering) get(c caller, service string) ([]string, bool) {
	o.once.Do(func() { o.ask(c) })
	if !o.known {
		return nil, true
	}
	methods, ok := o.list[service]
	return slices.Clone(methods), ok
}

func (o *offering) ask(c caller) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	cc, err := c.channel(ctx)
	if err != nil {
		return
	}
	var f frame
	if cc.Invoke(ctx, "/"+refsService+"/"+offeredMethod, &frame{}, &f, grpc.ForceCodec(codec{})) != nil {
		return
	}
	o.read(f.b)
}

func (o *offering) read(b []byte) {
	o.list = map[string][]string{}
	var m tenon.Message
	m.Load(b, nil)
	for m.Next() {
		var sub tenon.Message
		m.ReadMessage(&sub)
		name, methods := "", []string{}
		for sub.Next() {
			switch sub.Field() {
			case 1:
				name = sub.ReadString()
			case 2:
				methods = append(methods, sub.ReadString())
			}
		}
		m.Check(&sub)
		o.list[name] = methods
	}
	o.known = m.Err() == nil
}
