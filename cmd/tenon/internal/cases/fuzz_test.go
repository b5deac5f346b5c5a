package cases_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/cmd/tenon/internal/cases/big"
	"github.com/tenon-go/tenon/internal/fault"
)

// perByte is how much a decoder may allocate for each byte of its input. An
// element of a list takes two bytes at least, and can be as large as the largest
// struct; a slice that grows is copied once, in the mean.
const (
	perByte = int(unsafe.Sizeof(big.Wide{}))
	atOnce  = 256 << 10 // buffers, contexts, what the implementations do
)

// FuzzServer gives any bytes to the method of a server that the first two bytes
// choose.
func FuzzServer(f *testing.F) {
	seed(f, true)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, rest := chosen(data)
		if c == nil || len(c.service.Contract.Methods) == 0 {
			return
		}
		method := int(rest[0]) % len(c.service.Contract.Methods)
		if c.service.Contract.Methods[method].Timeout > 0 {
			return // it is there to wait until that is over
		}
		survives(t, rest[1:], func(ctx context.Context) {
			c.service.Server.ServeCall(ctx, method, fed(ctx, rest[1:], c.service.Contract.Methods[method].ClientStream))
		})
	})
}

// FuzzClient answers with any bytes to the client's method that the first two
// bytes choose.
func FuzzClient(f *testing.F) {
	seed(f, false)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, rest := chosen(data)
		if c == nil || c.iface.NumMethod() == 0 {
			return
		}
		conn := &answering{services: []tenon.Service{c.service}, answer: rest[1:]}
		v, err := c.open(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		method := c.iface.Method(int(rest[0]) % c.iface.NumMethod())
		survives(t, rest[1:], func(ctx context.Context) {
			use(reflect.ValueOf(v).MethodByName(method.Name), ctx)
		})
	})
}

// chosen returns the contract that the first byte chooses, and what follows.
func chosen(data []byte) (*contract, []byte) {
	var list []contract
	for _, tc := range all() {
		list = append(list, tc.contracts...)
	}
	if len(data) < 2 {
		return nil, nil
	}
	return &list[int(data[0])%len(list)], data[1:]
}

// seed adds what the echoes send of two edge values.
func seed(f *testing.F, requests bool) {
	var sent []byte
	l := &link{change: func(_ *tenon.Contract, _ int, request bool, b []byte) ([]byte, error) {
		if request == requests {
			sent = b
		}
		return b, nil
	}}
	conn := l.connect(services())
	i := 0
	for _, tc := range all() {
		for _, c := range tc.contracts {
			v, err := c.open(f.Context(), conn)
			if err != nil {
				f.Fatal(err)
			}
			for _, e := range echoes(c.iface, v) {
				m, _ := c.iface.MethodByName(e.name)
				method := m.Index
				if requests {
					method = c.service.Contract.Index(e.name)
				}
				for _, s := range []source{edges[3], edges[5]} {
					if method >= 0 && e.call(f.Context(), e.values(s)) == nil {
						f.Add(append([]byte{byte(i), byte(method)}, sent...))
					}
				}
			}
			i++
		}
	}
}

// survives runs f, which reads data: it has to end, and neither panics in
// generated code or the runtime, nor allocates out of proportion.
func survives(t *testing.T, data []byte, f func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	least := uint64(1 << 62)
	limit := uint64(atOnce + perByte*len(data))
	for range 3 { // what others allocate meanwhile counts, too
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ours(t, func() { f(ctx) })
		runtime.ReadMemStats(&after)
		if least = min(least, after.TotalAlloc-before.TotalAlloc); least <= limit {
			break
		}
	}
	if least > limit {
		t.Errorf("%d bytes of input made it allocate %d, more than %d", len(data), least, limit)
	}
	if ctx.Err() != nil {
		t.Errorf("it did not end: %v", ctx.Err())
	}
}

// ours runs f. A panic of an implementation is its own business: it is given nil
// functions, for one.
func ours(t *testing.T, f func()) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if frame := panicked(); strings.HasSuffix(frame.File, "_tenon.go") || strings.HasPrefix(frame.Function, "github.com/tenon-go/tenon.") {
			t.Errorf("panic: %v, in %s, %s:%d", p, frame.Function, frame.File, frame.Line)
		}
	}()
	f()
}

// panicked returns the innermost frame below the panic that is being recovered
// from.
func panicked() runtime.Frame {
	pc := make([]uintptr, 64)
	frames := runtime.CallersFrames(pc[:runtime.Callers(0, pc)])
	below := false
	for {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			below = true
		case below && !strings.HasPrefix(frame.Function, "runtime."):
			return frame
		}
		if !more {
			return runtime.Frame{}
		}
	}
}

// A feeder is a stream that says what it was fed, and forgets what it is told.
type feeder struct {
	ctx     context.Context
	in      [][]byte
	sent    int
	out     tenon.Message
	current tenon.Message
}

// fed feeds data as one message, or as several, each after its length.
func fed(ctx context.Context, data []byte, several bool) *feeder {
	s := &feeder{ctx: ctx, in: [][]byte{bytes.Clone(data)}}
	if several {
		s.in = nil
		for len(data) > 0 {
			n := min(int(data[0]), len(data)-1)
			s.in = append(s.in, bytes.Clone(data[1:1+n]))
			data = data[1+n:]
		}
	}
	s.out.Reset(nil, nowhere{})
	return s
}

func (s *feeder) Context() context.Context { return s.ctx }
func (s *feeder) Out() *tenon.Message      { return &s.out }
func (s *feeder) SendLast() error          { return s.Send() }
func (s *feeder) CloseSend() error         { return nil }
func (s *feeder) Close() error             { return nil }

func (s *feeder) Send() error {
	s.out.Reset(nil, nowhere{})
	if s.sent++; s.sent > 100 {
		return io.EOF
	}
	return nil
}

func (s *feeder) Recv() (*tenon.Message, error) {
	if len(s.in) == 0 {
		return nil, io.EOF
	}
	s.current.Load(s.in[0], nowhere{})
	s.in = s.in[1:]
	return &s.current, nil
}

func (s *feeder) Call() (*tenon.Message, error) {
	in, err := s.Recv()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return in, err
}

// answering is a connection that answers all calls with the same bytes.
type answering struct {
	nowhere
	services []tenon.Service
	answer   []byte
}

func (c *answering) Offers(name string) ([]string, bool) {
	return c.services[0].Offered(), true
}

func (c *answering) Open(ctx context.Context, to *tenon.Ref, method int) (tenon.Stream, error) {
	return fed(ctx, c.answer, to.Contract().Methods[method].ServerStream), nil
}

// nowhere is a connection on which all calls fail.
type nowhere struct{}

var errNowhere = errors.New("there is nobody")

func (nowhere) Open(context.Context, *tenon.Ref, int) (tenon.Stream, error) { return nil, errNowhere }
func (nowhere) Offers(string) ([]string, bool)                              { return nil, false }
func (nowhere) Release(uint64)                                              {}
func (nowhere) Stats() tenon.Stats                                          { return tenon.Stats{} }
func (nowhere) Done() <-chan struct{}                                       { return nil }
func (nowhere) Err() error                                                  { return nil }
func (nowhere) Export(tenon.Service, bool) (uint64, error)                  { return 1, nil }
func (nowhere) Home(*tenon.Ref) bool                                        { return false }

func (n nowhere) Import(id uint64, c *tenon.Contract, _ bool) (*tenon.Ref, error) {
	return tenon.NewRef(n, c, id, false), nil
}

func (nowhere) Return(id uint64, _ *tenon.Contract) (*tenon.Service, error) {
	return nil, fmt.Errorf("%d is not of this house", id)
}

func (nowhere) AppendError(b []byte, err error, defs []tenon.ErrorDef) []byte {
	return fault.Append(b, err, defs)
}

func (nowhere) ParseError(b []byte, defs []tenon.ErrorDef) error { return fault.Parse(b, defs) }

// use calls a method with zero values, and takes what it returns to its end.
func use(method reflect.Value, ctx context.Context) {
	var in []reflect.Value
	for i := range method.Type().NumIn() {
		in = append(in, nothing(method.Type().In(i), ctx))
	}
	var out []reflect.Value
	if method.Type().IsVariadic() {
		out = method.CallSlice(in)
	} else {
		out = method.Call(in)
	}
	for _, v := range out {
		drain(v)
	}
}

// nothing is an argument: zero, or a stream without elements.
func nothing(t reflect.Type, ctx context.Context) reflect.Value {
	switch {
	case t == contextType:
		return reflect.ValueOf(ctx)
	case t.Kind() == reflect.Chan:
		c := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, t.Elem()), 0)
		c.Close()
		return c.Convert(t)
	case t.Kind() == reflect.Func && (t.CanSeq() || t.CanSeq2()):
		return reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value { return nil })
	}
	return reflect.Zero(t)
}

func drain(v reflect.Value) {
	switch {
	case v.Kind() == reflect.Chan && !v.IsNil():
		for _, more := v.Recv(); more; _, more = v.Recv() {
		}
	case v.Kind() == reflect.Func && !v.IsNil() && v.Type().CanSeq():
		for range v.Seq() {
		}
	case v.Kind() == reflect.Func && !v.IsNil() && v.Type().CanSeq2():
		for range v.Seq2() {
		}
	}
}
