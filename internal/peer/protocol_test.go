package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/wire"
)

const (
	fEnd, fMsg, fMore, fMeta, fRefs, fFail = wire.End, wire.Msg, wire.More, wire.Meta, wire.Refs, wire.Fail

	window = 64 << 10 // of the peer under test, in both directions
	cost   = wire.FrameCost
)

// A clause is a test of a clause of PROTOCOL.md, after which it is called.
type clause struct {
	name string
	test func(r *raw)
}

// fatals are frames that end the connection.
var fatals = []struct {
	name   string
	frames [][]byte
}{
	{"3.2/body too long", [][]byte{{0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}}},
	{"3.2/body too long by one", [][]byte{{0xf1, 0xff, 0x01, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}}},
	{"3.4/type 0", [][]byte{fr(0, 0, 1)}},
	{"3.4/type 10", [][]byte{fr(10, 0, 1)}},
	{"3.4/type 7f", [][]byte{fr(0x7f, 0, 1)}},
	{"3.11/empty CALL", [][]byte{fr(wire.Call, 0, 1)}},
	{"3.11/method cut", [][]byte{fr(wire.Call, 0, 1, to("Echo")[:14])}},
	{"3.11/empty CREDIT", [][]byte{open(1, "Chat"), fr(wire.Credit, 0, 1)}},
	{"3.11/empty CANCEL", [][]byte{fr(wire.Cancel, 0, 1)}},
	{"3.11/empty RELEASE", [][]byte{fr(wire.Release, 0, 1)}},
	{"3.11/empty DRAIN", [][]byte{fr(wire.Drain, 0, 0)}},
	{"3.11/varint too long", [][]byte{fr(wire.Drain, 0, 0, bytes.Repeat([]byte{0xff}, 11))}},
	{"3.7/metadata cut", [][]byte{fr(wire.Call, fMeta|fEnd, 1, to("Echo"), uv(1), uv(3), []byte("key"), uv(9), []byte("v"))}},
	{"3.7/more pairs than bytes", [][]byte{fr(wire.Call, fMeta|fEnd, 1, to("Echo"), uv(1<<40))}},
	{"3.7/metadata of more than 32 KiB", [][]byte{fr(wire.Call, fMeta|fEnd, 1, to("Echo"), uv(1), uv(1), []byte("k"), uv(32<<10), make([]byte, 32<<10))}},
	{"3.8/too many refs", [][]byte{fr(wire.Call, fRefs|fMsg|fEnd, 1, to("Echo"), uv(1025), make([]byte, 2000))}},
	{"3.8/more refs than bytes", [][]byte{fr(wire.Call, fRefs|fMsg|fEnd, 1, to("Echo"), uv(9), make([]byte, 3))}},
	{"3.8/too many refs in several parts", [][]byte{
		fr(wire.Call, fRefs|fMsg|fMore, 1, to("Collect"), uv(600), make([]byte, 600), uv(2), []byte("a")),
		fr(wire.Data, fRefs|fMsg, 1, uv(600), make([]byte, 600), []byte("b"))}},
	{"3.9/name of 1025 bytes", [][]byte{fr(wire.Call, fEnd, 1, uv(0), uv(1025), make([]byte, 1025), uv(1), []byte("m"), uv(0))}},
	{"4.1/wrong parity", [][]byte{open(2, "Chat")}},
	{"4.1/id 0", [][]byte{open(0, "Chat")}},
	{"4.1/id under way", [][]byte{open(1, "Chat"), open(1, "Chat")}},
	{"4.3/DATA after END", [][]byte{fr(wire.Call, fEnd|fMsg, 1, to("Run"), []byte("wait")), data(1, "x")}},
	{"4.3/END twice", [][]byte{open(1, "Stay"), fr(wire.Data, fEnd, 1), fr(wire.Data, fEnd, 1)}},
	{"4.5/longer than announced", [][]byte{
		fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(3), []byte("ab")), data(1, "cd")}},
	{"4.5/longer than announced at once", [][]byte{fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(3), []byte("abcd"))}},
	{"4.5/shorter than announced", [][]byte{
		fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(5), []byte("ab")), data(1, "cd")}},
	{"4.5/size 0", [][]byte{fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(0))}},
	{"4.5/size absurd", [][]byte{fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(1<<63), []byte("x"))}},
	{"4.5/size missing", [][]byte{fr(wire.Call, fMsg|fMore, 1, to("Collect"))}},
	{"4.5/END with MORE", [][]byte{fr(wire.Call, fMsg|fMore|fEnd, 1, to("Collect"), uv(3), []byte("ab"))}},
	{"4.5/END with MORE in DATA", [][]byte{open(1, "Collect"), fr(wire.Data, fMsg|fMore|fEnd, 1, uv(3), []byte("ab"))}},
	{"4.5/END in the middle", [][]byte{fr(wire.Call, fMsg|fMore, 1, to("Collect"), uv(3), []byte("ab")), fr(wire.Data, fEnd, 1)}},
	{"4.7/RETURN from the caller", [][]byte{open(1, "Chat"), fr(wire.Return, fEnd, 1)}},
	{"5.3/one byte too much", [][]byte{open(1, "Stay"), data(1, strings.Repeat("x", window-cost+1))}},
	{"5.3/too many empty messages", [][]byte{open(1, "Stay"), bytes.Repeat(data(1, ""), window/cost+1)}},
	{"5.3/too many messages", [][]byte{open(1, "Stay"), bytes.Repeat(data(1, "x"), window/(cost+1)+1)}},
	{"5.4/too much credit", [][]byte{open(1, "Chat"), fr(wire.Credit, 0, 1, uv(1<<48))}},
	{"5.4/credit that overflows", [][]byte{open(1, "Chat"), fr(wire.Credit, 0, 1, uv(1<<63)), fr(wire.Credit, 0, 1, uv(1<<63))}},
}

func TestProtocol(t *testing.T) {
	for _, c := range clauses() {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, link linker) { c.test(newRaw(t, link, underTest)) })
		})
	}
	t.Run("covers every clause", everyClause)
}

// underTest has small limits, and a service with a handler of every kind.
func underTest(cfg *Config) {
	cfg.Local = tenon.Limits{Window: window, Message: 1 << 20, Large: 2 << 20, Calls: 8, Refs: 16}
	cfg.Remote = tenon.Limits{Window: window}
	cfg.Services = []tenon.Service{
		{Contract: contract, Server: testServer{run: runTest}},
		{Contract: stayContract, Server: stayServer{}},
	}
	cfg.Offered = offered1(cfg.Services)
	// The targets of the frames above name contract's service only.
	cfg.Services[0].Contract = merged
	cfg.Services[0].Server = mergedServer{testServer{run: runTest}}
}

// stay is a client stream whose handler takes nothing until the call ends.
var stayContract = &tenon.Contract{Name: "test.Stay", Methods: []tenon.Method{{Name: "Stay", ClientStream: true, ServerStream: true}}}

type stayServer struct{}

func (stayServer) ServeCall(ctx context.Context, _ int, s tenon.Stream) error {
	<-ctx.Done()
	return ctx.Err()
}

// merged is contract with stay's method at the end.
var merged = &tenon.Contract{
	Name:    contract.Name,
	Methods: append(append([]tenon.Method(nil), contract.Methods...), stayContract.Methods...),
	Errors:  contract.Errors,
}

type mergedServer struct{ testServer }

func (m mergedServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	if method == len(contract.Methods) {
		return stayServer{}.ServeCall(ctx, 0, s)
	}
	return m.testServer.ServeCall(ctx, method, s)
}

// runTest is a handler that does what its question says.
func runTest(ctx context.Context, in []byte, s tenon.Stream) error {
	switch what, rest, _ := strings.Cut(string(in), ":"); what {
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "deadline":
		if d, ok := ctx.Deadline(); ok && time.Until(d) < time.Hour {
			s.Out().WriteRaw([]byte("soon"))
		}
	case "metadata":
		_, md, _ := tenon.Caller(ctx)
		fmt.Fprintf(writer{s.Out()}, "%v", md[rest])
	case "panic":
		panic("on purpose")
	case "repeat":
		s.Out().WriteRaw(bytes.Repeat([]byte("x"), 200<<10))
	case "error value":
		s.Out().WriteError(1, nil, contract.Errors)
		s.Out().WriteError(2, errOdd, contract.Errors)
	case "many errors":
		var all []error
		for range 500 {
			all = append(all, &fs.PathError{Op: strings.Repeat("o", 300), Path: strings.Repeat("p", 300), Err: errOdd})
		}
		return errors.Join(all...)
	case "aside":
		c := s.(*call)
		return errors.Join(c.SendHeader(map[string][]string{"k": {"h"}}, false), c.SetTrailer(map[string][]string{"k": {"t"}}))
	case "huge error", "aside and huge error":
		if strings.HasPrefix(what, "aside") {
			c := s.(*call)
			c.SendHeader(nil, true)
			c.SetTrailer(map[string][]string{"k": {strings.Repeat("t", 30<<10)}})
		}
		err := errOdd
		for i := range 4 {
			err = fmt.Errorf("%s: %w", strings.Repeat(string(rune('a'+i)), 60<<10), err)
		}
		return err
	}
	return nil
}

type writer struct{ m *tenon.Message }

func (w writer) Write(b []byte) (int, error) { w.m.WriteRaw(b); return len(b), nil }

func clauses() []clause {
	var list []clause
	for _, f := range fatals {
		list = append(list, clause{f.name, func(r *raw) {
			r.say(f.frames...)
			r.fatal()
		}})
	}
	list = append(list, frameClauses...)
	list = append(list, callClauses...)
	list = append(list, creditClauses...)
	list = append(list, refClauses...)
	return append(list, endClauses...)
}

var frameClauses = []clause{
	{"3.1/header and body", func(r *raw) {
		b := callOf(1, "Echo", "hi")
		for i := range b { // byte by byte: a frame need not come at once
			r.say(b[i : i+1])
		}
		r.returned(1, "hi")
	}},
	{"3.2/the longest body", func(r *raw) {
		r.say(fr(0xff, 0, 1, make([]byte, wire.MaxBody))).alive()
	}},
	{"3.3/reserved bytes", func(r *raw) {
		b := callOf(1, "Echo", "hi")
		b[6], b[7] = 0xff, 0xff
		r.say(b).returned(1, "hi")
	}},
	{"3.4/unknown types that can be ignored", func(r *raw) {
		r.say(fr(0x80, 0xff, 1), fr(0xff, 0xff, 1, make([]byte, 1000))).alive()
	}},
	{"3.5/unknown flags", func(r *raw) {
		b := callOf(1, "Echo", "hi")
		b[5] |= 0xc0
		r.say(b).returned(1, "hi")
		r.say(fr(wire.Ping, 0xff, 4)).expect(wire.Pong, 4)
		r.say(fr(wire.Drain, 0xff, 0, uv(9)), fr(wire.Credit, 0xff, 1, uv(9)), fr(wire.Release, 0xff, 1, uv(9)), fr(wire.Cancel, 0xff, 1, uv(1))).alive()
	}},
	{"3.6/order of the parts", func(r *raw) {
		r.say(fr(wire.Call, fMeta|fRefs|fMsg|fEnd, 1, to("Echo"), uv(1), uv(1), []byte("k"), uv(1), []byte("v"), uv(2), uv(70), uv(71), []byte("hi")))
		f := r.expect(wire.Return, 1)
		if string(f.body) != "hi" {
			r.Fatalf("%q", f.body)
		}
		r.expect(wire.Release, 70)
		r.expect(wire.Release, 71)
	}},
	{"3.7/metadata", func(r *raw) {
		md := wire.AppendMetadata(nil, map[string][]string{"trace": {"a", "b"}})
		r.say(fr(wire.Call, fMeta|fMsg|fEnd, 1, to("Run"), md, []byte("metadata:trace"))).returned(1, "[a b]")
		r.say(callOf(3, "Run", "metadata:trace")).returned(3, "[]")
		r.say(fr(wire.Call, fMeta|fMsg|fEnd, 5, to("Run"), uv(0), []byte("metadata:trace"))).returned(5, "[]")
	}},
	{"3.8/refs", func(r *raw) {
		r.say(fr(wire.Call, fRefs|fMsg|fEnd, 1, to("Echo"), uv(1024), bytes.Repeat(append(uv(7), uv(8)...), 512)))
		r.returned(1, "")
		for range 512 {
			r.expect(wire.Release, 7)
			r.expect(wire.Release, 8)
		}
	}},
	{"3.9/target", func(r *raw) {
		long := make([]byte, wire.MaxName)
		r.say(fr(wire.Call, fEnd, 1, uv(0), uv(wire.MaxName), long, uv(wire.MaxName), long, uv(0))).failed(1, tenon.Unimplemented)
	}},
	{"3.10/bytes behind", func(r *raw) {
		r.say(fr(wire.Call, fEnd, 1, to("Collect"), []byte("behind"))).returned(1, "")
		r.say(fr(wire.Ping, 0, 9, []byte("behind"))).expect(wire.Pong, 9)
		r.say(fr(wire.Drain, 0, 0, uv(9), []byte("behind")), fr(wire.Release, 0, 0, uv(9), []byte("behind"))).alive()
	}},
	{"3.11/a varint that is longer than needed", func(r *raw) {
		r.say(fr(wire.Call, fMsg|fEnd, 1, []byte{0x80, 0}, to("Echo")[1:], []byte("hi"))).returned(1, "hi")
	}},
}

var callClauses = []clause{
	{"4.1/our ids are odd, theirs even", func(r *raw) {
		s, err := bind(r, r.peer).Open(context.Background(), chat)
		if err != nil {
			r.Fatal(err)
		}
		defer s.Close()
		s.Send()
		r.expect(wire.Call, 2)
	}},
	{"4.2/CALL with everything", func(r *raw) { r.say(callOf(1, "Echo", "hi")).returned(1, "hi") }},
	{"4.2/CALL with a part", func(r *raw) {
		r.say(fr(wire.Call, fMsg|fMore, 1, to("Echo"), uv(4), []byte("ab")), fr(wire.Data, fMsg|fEnd, 1, []byte("cd"))).returned(1, "abcd")
	}},
	{"4.2/CALL alone", func(r *raw) {
		r.say(open(1, "Echo"))
		r.alive()
		r.say(data(1, "hi")).returned(1, "hi")
	}},
	{"4.3/both ways", func(r *raw) {
		r.say(open(1, "Chat"))
		for range 3 {
			r.say(data(1, "hi"))
			if f := r.expect(wire.Data, 1); string(f.body) != "hi" {
				r.Fatalf("%q", f.body)
			}
		}
		r.say(fr(wire.Data, fEnd, 1)).returned(1, "")
	}},
	{"4.4/RETURN", func(r *raw) {
		r.say(fr(wire.Call, fMsg|fEnd, 1, to("Count"), []byte{8, 2}))
		r.expect(wire.Data, 1)
		r.expect(wire.Data, 1)
		if f := r.expect(wire.Return, 1); f.Flags != fEnd || len(f.body) != 0 {
			r.Fatalf("%02x %q", f.Flags, f.body)
		}
	}},
	{"4.4/RETURN before the caller is done", func(r *raw) {
		s, err := bind(r, r.peer).Open(context.Background(), collect)
		if err != nil {
			r.Fatal(err)
		}
		defer s.Close()
		s.Send()
		r.expect(wire.Call, 2)
		r.say(fr(wire.Return, fMsg|fEnd, 2, []byte("enough")))
		eventually(r, "the call has ended", func() bool { return r.peer.Stats().ActiveOut == 0 })
		m, err := s.Call()
		if err != nil || string(m.Raw()) != "enough" {
			r.Fatal(m, err)
		}
	}},
	{"4.5/parts", func(r *raw) {
		r.say(open(1, "Collect"), open(3, "Collect"))
		for range 2 {
			r.say(fr(wire.Data, fMsg|fMore, 1, uv(6), []byte("ab")), data(3, "x"), fr(wire.Data, fMsg|fMore, 1, []byte("cd")), fr(wire.Credit, 0, 1, uv(1)), data(1, "ef"))
		}
		r.say(fr(wire.Data, fEnd, 1)).returned(1, "abcdefabcdef")
		r.say(fr(wire.Data, fEnd, 3)).returned(3, "xx")
	}},
	{"4.5/parts that are sent", func(r *raw) {
		r.say(callOf(1, "Run", "repeat"), fr(wire.Credit, 0, 1, uv(1<<20)))
		got, parts := 0, 0
		for {
			f := r.next()
			b := wire.NewBody(f.Header, f.body)
			if parts == 0 {
				if size := b.Uint("size"); size != 200<<10 {
					r.Fatalf("announced %d", size)
				}
			}
			parts++
			if got += len(b.Rest()); len(b.Rest()) > wire.MaxPart {
				r.Fatalf("a part of %d bytes", len(b.Rest()))
			}
			if f.Type == wire.Return {
				break
			}
		}
		if got != 200<<10 || parts < 4 {
			r.Fatalf("%d bytes in %d parts", got, parts)
		}
	}},
	{"4.5/an error in the middle of a message", func(r *raw) {
		s := r.begin(chat)
		r.say(fr(wire.Data, fMsg|fMore, 2, uv(9), []byte("ab")), fr(wire.Return, fFail|fEnd, 2, []byte{8, 5, 18, 1, 'x'}))
		r.fails(s, tenon.NotFound)
		r.alive()
	}},
	{"4.5/RETURN in the middle of a message", func(r *raw) {
		s := r.begin(chat)
		r.say(fr(wire.Data, fMsg|fMore, 2, uv(9), []byte("ab")), fr(wire.Return, fEnd, 2))
		r.fatal()
		_, err := s.Recv()
		transport(r, err)
	}},
	{"4.6/late frames", func(r *raw) {
		r.say(callOf(1, "Echo", "hi")).returned(1, "hi")
		for _, id := range []uint64{1, 2, 77, 1 << 63} {
			r.say(data(id, "x"), fr(wire.Return, fEnd, id), fr(wire.Return, fEnd|fFail, id, []byte("junk")),
				fr(wire.Cancel, 0, id, uv(1)), fr(wire.Credit, 0, id, uv(1<<60)))
		}
		r.alive()
		r.say(fr(wire.Data, fMsg|fRefs, 99, uv(1), uv(5))).expect(wire.Release, 5)
	}},
	{"4.6/RETURN twice", func(r *raw) {
		s := r.begin(chat)
		r.say(fr(wire.Return, fEnd, 2), fr(wire.Return, fEnd|fFail, 2, []byte("junk")))
		if _, err := s.Recv(); err != io.EOF {
			r.Fatal(err)
		}
		r.alive()
	}},
	{"4.7/CANCEL from the callee", func(r *raw) {
		r.begin(chat)
		r.say(fr(wire.Cancel, 0, 2, uv(1)))
		r.fatal()
	}},
	{"4.8/CANCEL", func(r *raw) {
		r.say(callOf(1, "Run", "wait"), open(3, "Echo"))
		eventually(r, "both are there", func() bool { return r.peer.Stats().ActiveIn == 2 })
		r.say(fr(wire.Cancel, 0, 1, uv(1)), fr(wire.Cancel, 0, 3, uv(1)))
		eventually(r, "both are gone", func() bool { return r.peer.Stats().ActiveIn == 0 })
		r.alive()
		eventually(r, "the handler is gone", func() bool { return r.idle() })
	}},
	{"4.8/CANCEL from us", func(r *raw) {
		s := r.begin(chat)
		s.Close()
		if f := r.expect(wire.Cancel, 2); string(f.body) != "\x01" {
			r.Fatalf("%q", f.body)
		}
		r.say(data(2, "late")).alive()
	}},
	{"4.9/too many calls", func(r *raw) {
		for id := uint64(1); id <= 15; id += 2 {
			r.say(open(id, "Echo"))
		}
		r.say(open(17, "Echo")).failed(17, tenon.ResourceExhausted)
		r.say(data(1, "hi")).returned(1, "hi")
		r.say(callOf(19, "Echo", "hi")).returned(19, "hi")
		// What is canceled does not count, whether or not its handler has noticed.
		for id := uint64(3); id <= 15; id += 2 {
			r.say(fr(wire.Cancel, 0, id, uv(1)))
		}
		for id := uint64(21); id < 21+16; id += 2 {
			r.say(open(id, "Chat"))
		}
		r.alive()
	}},
	{"4.10/timeout", func(r *raw) {
		target := wire.AppendTarget(nil, 0, contract.Name, "Run", 50_000)
		r.say(fr(wire.Call, fMsg|fEnd, 1, target, []byte("deadline"))).returned(1, "soon")
		r.say(fr(wire.Call, fMsg|fEnd, 3, target, []byte("wait"))).failed(3, tenon.DeadlineExceeded)
		forever := wire.AppendTarget(nil, 0, contract.Name, "Run", 1<<64-1)
		r.say(fr(wire.Call, fMsg|fEnd, 5, forever, []byte("deadline"))).returned(5, "")
		r.say(callOf(7, "Run", "deadline")).returned(7, "")
	}},
	{"4.10/timeout of ours", func(r *raw) {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		go ask(ctx, bind(r, r.peer), echo, nil)
		f := r.expect(wire.Call, 2)
		b := wire.NewBody(f.Header, f.body)
		if us := b.Target().Timeout; us == 0 || us > 100_000 {
			r.Fatalf("timeout of %d microseconds", us)
		}
		if f := r.expect(wire.Cancel, 2); string(f.body) != "\x04" {
			r.Fatalf("%q", f.body)
		}
	}},
	{"4.11/metadata elsewhere", func(r *raw) {
		md := wire.AppendMetadata(nil, map[string][]string{"k": {"v"}})
		r.say(open(1, "Chat"), fr(wire.Data, fMeta|fMsg, 1, md, []byte("hi")))
		if f := r.expect(wire.Data, 1); string(f.body) != "hi" {
			r.Fatalf("%q", f.body)
		}
		s := r.begin(chat)
		r.say(fr(wire.Return, fMeta|fEnd, 2, md))
		if _, err := s.Recv(); err != io.EOF {
			r.Fatal(err)
		}
	}},
	{"4.11/header and trailer", func(r *raw) {
		md := func(v string) []byte { return wire.AppendMetadata(nil, map[string][]string{"k": {v}}) }
		for i, c := range []struct {
			frames          [][]byte
			header, trailer string
		}{
			{[][]byte{fr(wire.Data, fMeta, 2, md("h")), fr(wire.Return, fMeta|fEnd, 2, md("t"))}, "h", "t"},
			{[][]byte{fr(wire.Data, fMeta|fMsg, 4, md("h"), []byte("hi")), fr(wire.Data, fMeta|fMsg, 4, md("late"), []byte("hi")), fr(wire.Return, fEnd, 4)}, "h", ""},
			{[][]byte{data(6, "hi"), fr(wire.Data, fMeta, 6, md("late")), fr(wire.Return, fEnd, 6)}, "", ""},
			{[][]byte{fr(wire.Return, fMeta|fFail|fEnd, 8, md("t"), []byte("\x08\x05"))}, "", "t"},
		} {
			s := r.begin(chat).(*call)
			r.say(c.frames...)
			h, err := s.Header()
			if err != nil || strings.Join(h["k"], "") != c.header {
				r.Errorf("%d: header %v, %v", i, h, err)
			}
			for err == nil {
				_, err = s.Recv()
			}
			if t := s.Trailer(); strings.Join(t["k"], "") != c.trailer || s.Close() != nil {
				r.Errorf("%d: trailer %v", i, t)
			}
		}
	}},
	{"4.11/header and trailer of ours", func(r *raw) {
		r.say(callOf(1, "Run", "aside"))
		for _, want := range []struct {
			typ   wire.Type
			value string
		}{{wire.Data, "h"}, {wire.Return, "t"}} {
			f := r.expect(want.typ, 1)
			b := wire.NewBody(f.Header, f.body)
			if md := b.Metadata(); f.Flags&fMeta == 0 || md["k"][0] != want.value {
				r.Errorf("%v has metadata %v", f.Type, md)
			}
		}
		r.say(callOf(3, "Run", "aside and huge error"))
		r.expect(wire.Data, 3)
		f := r.expect(wire.Return, 3)
		b := wire.NewBody(f.Header, f.body)
		if md := b.Metadata(); b.Err() != nil || len(md["k"][0]) != 30<<10 {
			r.Errorf("%d bytes of metadata, %v", len(md["k"][0]), b.Err())
		}
	}},
	{"4.12/what is not there", func(r *raw) {
		r.say(fr(wire.Call, fEnd, 1, wire.AppendTarget(nil, 0, "no.Such", "M", 0))).failed(1, tenon.Unimplemented)
		r.say(fr(wire.Call, fEnd, 3, to("NoSuch"))).failed(3, tenon.Unimplemented)
		r.say(fr(wire.Call, fEnd, 5, wire.AppendTarget(nil, 99, "", "M", 0))).failed(5, tenon.FailedPrecondition)
		r.say(fr(wire.Call, fMsg|fRefs|fEnd, 7, to("NoSuch"), uv(1), uv(8))).failed(7, tenon.Unimplemented)
		r.expect(wire.Release, 8)
	}},
	{"4.13/an error", func(r *raw) {
		r.say(callOf(1, "Fail", "")).failed(1, tenon.Unknown)
	}},
	{"4.13/an error that is too long", func(r *raw) {
		r.say(callOf(1, "Run", "huge error"))
		if err := r.failed(1, tenon.Unknown); len(err.Message) < 10<<10 {
			r.Fatalf("%d bytes are left of the text", len(err.Message))
		}
	}},
	{"4.13/an error of too many parts", func(r *raw) {
		r.say(callOf(1, "Run", "many errors")).failed(1, tenon.Unknown)
	}},
	{"4.13/an error that cannot be read", func(r *raw) {
		for i, junk := range []string{"", "\xff\xff", "junk", strings.Repeat("\x22\x02", 60)} {
			s := r.begin(chat)
			r.say(fr(wire.Return, fFail|fEnd, uint64(2+2*i), []byte(junk)))
			_, err := s.Recv()
			var e *tenon.Error
			if !errors.As(err, &e) {
				r.Fatalf("%T %v", err, err)
			}
		}
		r.alive()
	}},
	{"4.14/a question that is too large", func(r *raw) {
		r.say(fr(wire.Call, fMsg|fMore, 1, to("Echo"), uv(1<<20+1), []byte("x"))).failed(1, tenon.ResourceExhausted)
		r.say(data(1, "late")).alive()
		r.say(open(3, "Chat"), fr(wire.Data, fMsg|fMore, 3, uv(1<<30), []byte("x"))).failed(3, tenon.ResourceExhausted)
		r.say(data(3, "late"))
		r.alive()
	}},
	{"4.14/an answer that is too large", func(r *raw) {
		s := r.begin(chat)
		r.say(fr(wire.Data, fMsg|fMore, 2, uv(1<<20+1), []byte("x"))).expect(wire.Cancel, 2)
		r.fails(s, tenon.ResourceExhausted)
		r.say(data(2, "late")).alive()
	}},
	{"4.15/no answer", func(r *raw) {
		s := r.begin(echo)
		r.say(fr(wire.Return, fEnd, 2))
		if m, err := s.Recv(); err != io.EOF {
			r.Fatal(m, err)
		}
		answer := make(chan error, 1)
		go func() {
			_, err := ask(context.Background(), bind(r, r.peer), echo, nil)
			answer <- err
		}()
		r.expect(wire.Call, 4)
		r.say(fr(wire.Return, fEnd, 4))
		if err := <-answer; tenon.CodeOf(err) != tenon.Internal {
			r.Fatal(err)
		}
	}},
	{"4.16/panic", func(r *raw) {
		r.say(callOf(1, "Run", "panic"))
		if err := r.failed(1, tenon.Internal); !strings.Contains(err.Stack, "runTest") || !strings.Contains(err.Message, "on purpose") {
			r.Fatalf("%v %s", err, err.Stack)
		}
		r.alive()
	}},
	{"4.17/an error as a value", func(r *raw) {
		var fault, m tenon.Message
		encodeFault(errOdd, contract.Errors, &fault, wire.MaxPart)
		m.WriteBytes(2, fault.Raw())
		r.say(callOf(1, "Run", "error value")).returned(1, string(m.Raw()))
	}},
}

var creditClauses = []clause{
	{"5.1/the window", func(r *raw) {
		r.say(open(1, "Stay"), data(1, strings.Repeat("x", window-cost))).alive()
	}},
	{"5.2/what a message costs", func(r *raw) {
		r.say(open(1, "Stay"), bytes.Repeat(data(1, ""), window/cost)).alive()
		r.say(open(3, "Stay"), fr(wire.Data, fMsg|fMore, 3, uv(window-cost), []byte("x")), data(3, strings.Repeat("x", window-cost-1))).alive()
		r.say(fr(wire.Data, fEnd, 3)).alive()
	}},
	{"5.2/what we may send", func(r *raw) {
		s := r.begin(chat) // an empty message
		ctx := make(chan error, 1)
		go func() {
			s.Out().WriteRaw(make([]byte, 100<<10))
			ctx <- s.Send()
		}()
		got := 2 * cost
		for got < window {
			f := r.expect(wire.Data, 2)
			b := wire.NewBody(f.Header, f.body)
			if got == 2*cost {
				b.Uint("size")
			}
			got += len(b.Rest())
			if got > window-wire.MaxPart/4 { // less than that is not worth a frame
				break
			}
		}
		if got > window {
			r.Fatalf("%d bytes were sent, the window is %d", got, window)
		}
		r.alive()
		select {
		case err := <-ctx:
			r.Fatal("sent without credit", err)
		default:
		}
		r.say(fr(wire.Credit, 0, 2, uv(1<<20)))
		if err := <-ctx; err != nil {
			r.Fatal(err)
		}
		s.Close()
	}},
	{"5.4/credit", func(r *raw) {
		r.begin(chat)
		r.say(fr(wire.Credit, 0, 2, uv(1<<47)), fr(wire.Credit, 0, 2, uv(0))).alive()
	}},
	{"5.5/giving back", func(r *raw) {
		r.say(open(1, "Collect"))
		back, sent := 0, 0
		for sent < 4*window {
			for range 4 {
				r.say(data(1, strings.Repeat("x", window/8-cost)))
				sent += window / 8
			}
			for back < sent-window/2 {
				f := r.any()
				b := wire.NewBody(f.Header, f.body)
				if f.Type != wire.Credit {
					r.Fatal(f)
				}
				back += int(b.Uint("credit"))
			}
		}
		if back > sent {
			r.Fatalf("%d given back of %d", back, sent)
		}
	}},
	{"5.6/loans", func(r *raw) {
		const size = 1 << 20
		lent := func(id uint64) bool {
			f := r.any()
			b := wire.NewBody(f.Header, f.body)
			return f.Type == wire.Credit && f.ID == id && b.Uint("credit") == size+cost-window
		}
		begin := func(id uint64) { r.say(fr(wire.Call, fMsg|fMore, id, to("Collect"), uv(size), []byte("x"))) }
		rest := func(id uint64) {
			left := size - 1
			for left > 0 {
				n := min(left, 64<<10)
				left -= n
				flags := fMsg
				if left > 0 {
					flags |= fMore
				}
				r.say(fr(wire.Data, flags, id, make([]byte, n)))
			}
			r.say(fr(wire.Cancel, 0, id, uv(1)))
		}
		begin(1)
		begin(3)
		if !lent(1) || !lent(3) {
			r.Fatal("no loan")
		}
		begin(5) // has to wait: Large is two messages
		begin(7)
		r.alive()
		r.say(fr(wire.Cancel, 0, 5, uv(1))) // leaves the queue
		rest(1)
		if !lent(7) {
			r.Fatal("no loan for the next one in the queue")
		}
		rest(3)
		rest(7)
		r.alive()
		eventually(r, "all is given back", func() bool {
			r.peer.mu.Lock()
			defer r.peer.mu.Unlock()
			return r.peer.loans.free == 2<<20 && len(r.peer.loans.queue) == 0
		})
	}},
	{"5.7/nothing else is held up", func(r *raw) {
		r.say(open(1, "Stay"), data(1, strings.Repeat("x", window-cost)))
		for id := uint64(3); id < 203; id += 2 {
			r.say(callOf(id, "Echo", "hi")).returned(id, "hi")
		}
	}},
}

var refClauses = []clause{
	{"6.1/a ref", func(r *raw) {
		id := r.export(true)
		if id == 0 {
			r.Fatal("ref 0")
		}
	}},
	{"6.2/ids", func(r *raw) {
		if a, b := r.export(true), r.export(true); a == b {
			r.Fatal("one id for two")
		}
	}},
	{"6.3/lent", func(r *raw) {
		s := r.begin(chat)
		s.Out().WriteRef(1, tenon.Service{Contract: contract, Server: testServer{}}, false)
		s.Send()
		f := r.expect(wire.Data, 2)
		if f.Flags&fRefs != 0 {
			r.Fatal("a lent ref is listed")
		}
		id := refID(f.body)
		r.say(r.refCall(1, id)).returned(1, "hi")
		s.Close()
		r.expect(wire.Cancel, 2)
		r.say(r.refCall(3, id)).failed(3, tenon.FailedPrecondition)
	}},
	{"6.4/kept", func(r *raw) {
		id := r.export(true)
		r.say(r.refCall(1, id)).returned(1, "hi")
		r.say(fr(wire.Release, 0, id, uv(1)))
		r.say(r.refCall(3, id)).failed(3, tenon.FailedPrecondition)
	}},
	{"6.4/sent again", func(r *raw) {
		s := r.begin(chat)
		server := &testServer{}
		for range 3 {
			s.Out().WriteRef(1, tenon.Service{Contract: contract, Server: server}, true)
			s.Out().WriteRef(2, tenon.Service{Contract: contract, Server: server}, true)
			s.Send()
			f := r.expect(wire.Data, 2)
			b := wire.NewBody(f.Header, f.body)
			if ids := b.Refs(); len(ids) != 2 || ids[0] != ids[1] || ids[0] != 1 {
				r.Fatalf("listed are %v", ids)
			}
		}
		r.say(fr(wire.Release, 0, 1, uv(5)), r.refCall(1, 1)).returned(1, "hi")
		r.say(fr(wire.Release, 0, 1, uv(1)), r.refCall(3, 1)).failed(3, tenon.FailedPrecondition)
	}},
	{"6.4/not listed", func(r *raw) {
		s := r.begin(chat)
		r.say(fr(wire.Data, fMsg, 2, refField(9, true, false)))
		r.unreadable(s)
	}},
	{"6.5/releases", func(r *raw) {
		id := r.export(true)
		r.say(fr(wire.Release, 0, 1000, uv(1)), fr(wire.Release, 0, id, uv(0)), r.refCall(1, id)).returned(1, "hi")
		r.say(fr(wire.Release, 0, id, uv(1<<64-1)), fr(wire.Release, 0, id, uv(1)), r.refCall(3, id)).failed(3, tenon.FailedPrecondition)
	}},
	{"6.6/dropped", func(r *raw) {
		s := r.begin(chat)
		r.say(fr(wire.Data, fMsg|fRefs, 2, uv(3), uv(1), uv(2), uv(3), refField(2, true, false)))
		m, err := s.Recv()
		if err != nil {
			r.Fatal(err)
		}
		m.Next()
		ref, _ := m.ReadRef(contract)
		if ref == nil {
			r.Fatal(m.Err())
		}
		s.Close()
		got := map[uint64]bool{}
		for range 3 {
			f := r.next()
			got[f.ID] = f.Type == wire.Release || f.Type == wire.Cancel
		}
		if !got[1] || !got[3] {
			r.Fatal(got)
		}
		ref.Release()
		r.expect(wire.Release, 2)
		r.say(fr(wire.Call, fEnd|fRefs, 1, to("Collect"), uv(1), uv(6)))
		r.expect(wire.Release, 6) // there is no message
	}},
	{"6.7/home", func(r *raw) {
		id := r.export(true)
		s := r.begin(chat)
		r.say(fr(wire.Data, fMsg, 4, refField(id, false, true)))
		m, err := s.Recv()
		if err != nil {
			r.Fatal(err)
		}
		m.Next()
		if _, own := m.ReadRef(contract); own == nil || own.Server.(*testServer) == nil {
			r.Fatal(m.Err())
		}
		r.say(fr(wire.Data, fMsg, 4, refField(99, false, true)))
		r.unreadable(s)
		r.say(fr(wire.Release, 0, id, uv(1)))
	}},
	{"6.8/too many", func(r *raw) {
		s := r.begin(chat)
		var all []byte
		for id := range uint64(17) {
			all = append(all, refField(id+1, false, false)...)
		}
		r.say(fr(wire.Data, fMsg, 2, all))
		r.unreadable(s)
		s.Close()
		if n := r.peer.Stats().Held; n != 0 {
			r.Fatalf("%d refs are held", n)
		}
	}},
}

var endClauses = []clause{
	{"9.1/ping", func(r *raw) {
		r.say(callOf(1, "Run", "wait"))
		for i := range uint64(100) {
			r.say(fr(wire.Ping, 0, i<<40)).expect(wire.Pong, i<<40)
		}
		r.say(fr(wire.Pong, 0, 1), fr(wire.Pong, 0, 1<<63)).alive()
		done := make(chan error, 1)
		go func() { done <- r.peer.Ping(context.Background()) }()
		f := r.next()
		if f.Type != wire.Ping {
			r.Fatalf("got %v, want a PING", f.Type)
		}
		r.say(fr(wire.Pong, 0, f.ID))
		if err := <-done; err != nil {
			r.Fatal(err)
		}
	}},
	{"9.2/deaf", func(r *raw) {
		// In hostile_test.go: this side reads.
		r.alive()
	}},
	{"9.3/leave", func(r *raw) {
		r.peer.Ask()
		if f := r.expect(wire.Drain, 0); string(f.body) != "\x00" {
			r.Fatalf("%q", f.body)
		}
		_, err := bind(r, r.peer).Open(context.Background(), echo)
		if e := transport(r, err); !e.Unsent {
			r.Fatal("the call was not sent, and it does not say so")
		}
		r.say(callOf(1, "Echo", "hi")).returned(1, "hi")
	}},
	{"9.4/leaving", func(r *raw) {
		id := r.export(true)
		r.say(callOf(1, "Run", "wait"))
		eventually(r, "it is there", func() bool { return r.peer.Stats().ActiveIn == 1 })
		r.peer.Leave()
		r.expect(wire.Drain, 0)
		r.say(callOf(3, "Echo", "hi")).failed(3, tenon.Unavailable)
		r.say(r.refCall(5, id)).returned(5, "hi")
		r.say(fr(wire.Release, 0, id, uv(1)))
	}},
	{"9.4/leaving of the other", func(r *raw) {
		ref := bind(r, r.peer)
		r.say(fr(wire.Drain, 0, 0, uv(1)))
		r.alive()
		_, err := ref.Open(context.Background(), echo)
		transport(r, err)
	}},
	{"9.5/other numbers", func(r *raw) {
		r.say(fr(wire.Drain, 0, 0, uv(2)), fr(wire.Drain, 0, 0, uv(1<<63)), fr(wire.Drain, 0, 7, uv(0)), fr(wire.Drain, 0, 0, uv(0))).alive()
	}},
	{"9.6/end between frames", func(r *raw) {
		s := r.begin(chat)
		r.c.Close()
		_, err := s.Recv()
		transport(r, err)
		if r.peer.Err() == nil {
			r.Fatal("nothing is wrong")
		}
	}},
	{"9.6/end in order", func(r *raw) {
		r.say(fr(wire.Drain, 0, 0, uv(1)))
		r.alive()
		r.c.Close()
		<-r.peer.Done()
		if err := r.peer.Err(); err != nil {
			r.Fatal(err)
		}
	}},
	{"9.6/end in the middle of a frame", func(r *raw) {
		r.say(fr(wire.Drain, 0, 0, uv(1)), callOf(1, "Echo", "hi")[:20])
		r.c.Close()
		<-r.peer.Done()
		if err := r.peer.Err(); !errors.Is(err, errTorn) {
			r.Fatal(err)
		}
	}},
	{"9.7/after a fatal frame", func(r *raw) {
		r.say(callOf(1, "Run", "wait"), fr(0, 0, 0), callOf(3, "Echo", "hi"))
		r.fatal()
		for f := range r.in {
			r.Errorf("%v came", f)
		}
	}},
}

// begin begins a call of the peer's, and sees it here.
func (r *raw) begin(method int) tenon.Stream {
	r.Helper()
	s, err := bind(r, r.peer).Open(context.Background(), method)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { s.Close() })
	if err := s.Send(); err != nil {
		r.Fatal(err)
	}
	if f := r.next(); f.Type != wire.Call {
		r.Fatalf("got %v", f)
	}
	return s
}

// fails checks how a call of the peer's fails.
func (r *raw) fails(s tenon.Stream, code tenon.Code) {
	r.Helper()
	_, err := s.Recv()
	var e *tenon.Error
	if !errors.As(err, &e) || e.Code != code {
		r.Fatalf("got %T %v, want code %v", err, err, code)
	}
}

// unreadable checks that the next message of a call has a ref that is wrong.
func (r *raw) unreadable(s tenon.Stream) {
	r.Helper()
	m, err := s.Recv()
	if err != nil {
		r.Fatal(err)
	}
	for m.Next() {
		m.ReadRef(contract)
	}
	if m.Err() == nil {
		r.Fatal("nothing is wrong with the message")
	}
	r.alive()
}

// export has the peer send a kept ref, or a lent one, and returns its id.
func (r *raw) export(kept bool) uint64 {
	r.Helper()
	s, err := bind(r, r.peer).Open(context.Background(), chat)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { s.Close() })
	s.Out().WriteRef(1, tenon.Service{Contract: contract, Server: &testServer{run: runTest}}, kept)
	if err := s.Send(); err != nil {
		r.Fatal(err)
	}
	f := r.next()
	b := wire.NewBody(f.Header, f.body)
	b.Target()
	ids := b.Refs()
	if f.Type != wire.Call || len(ids) != 1 {
		r.Fatal(f, ids)
	}
	return ids[0]
}

func (r *raw) refCall(id, ref uint64) []byte {
	return fr(wire.Call, fMsg|fEnd, id, wire.AppendTarget(nil, ref, "", "Echo", 0), []byte("hi"))
}

// idle reports whether nothing of the peer's is under way.
func (r *raw) idle() bool {
	r.peer.mu.Lock()
	defer r.peer.mu.Unlock()
	return r.peer.stats.ActiveIn+r.peer.answering == 0
}

func refID(message []byte) (id uint64) {
	var m, sub tenon.Message
	m.Load(message, nil)
	m.Next()
	m.ReadMessage(&sub)
	sub.Next()
	return sub.ReadUint()
}

// transport checks that err is the connection's.
func transport(t testing.TB, err error) *tenon.TransportError {
	t.Helper()
	var lost *tenon.TransportError
	var answered *tenon.Error
	if !errors.As(err, &lost) || errors.As(err, &answered) {
		t.Fatalf("got %T %v, want a *tenon.TransportError", err, err)
	}
	return lost
}

// everyClause checks that each clause of the sections that are the peer's has a
// test here.
func everyClause(t *testing.T) {
	text, err := os.ReadFile("../../PROTOCOL.md")
	if err != nil {
		t.Skip(err)
	}
	tested := make(map[string]bool)
	for _, c := range clauses() {
		number, _, _ := strings.Cut(c.name, "/")
		tested[number] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^- \*\*(([34569])\.\d+)\*\*`).FindAllStringSubmatch(string(text), -1) {
		if !tested[m[1]] {
			t.Errorf("clause %s has no test", m[1])
		}
		delete(tested, m[1])
	}
	for number := range tested {
		t.Errorf("there is no clause %s", number)
	}
}
