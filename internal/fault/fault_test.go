package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/fault"
)

// ---- a contract's errors, as the generator will describe them

var (
	errNotFound = errors.New("kv: key not found")
	errStale    = fmt.Errorf("kv: stale snapshot: %w", fs.ErrNotExist)
	errEnd      = io.EOF
	errFull     = quota(3)
	errList     = errors.Join() // nil, as a def without a value has
)

// quota is a comparable value type, of which one value is a sentinel.
type quota int

func (q quota) Error() string { return "quota " + strconv.Itoa(int(q)) }

// keyError is an error type with fields.
type keyError struct {
	Key  string
	Size int64
}

func (e *keyError) Error() string { return fmt.Sprintf("bad key %q of %d bytes", e.Key, e.Size) }

// opError is an error type with a field and something that it wraps.
type opError struct {
	Op  string
	Err error
}

func (e *opError) Error() string {
	if e.Err == nil {
		return e.Op
	}
	return e.Op + ": " + e.Err.Error()
}
func (e *opError) Unwrap() error { return e.Err }

// multi is an error type that cannot be compared.
type multi []string

func (m multi) Error() string { return strings.Join(m, "; ") }

var defs = []tenon.ErrorDef{
	{Name: "kv.ErrNotFound", Value: errNotFound},
	{Name: "kv.ErrStale", Value: errStale},
	{Name: "kv.ErrEnd", Value: errEnd},
	{Name: "kv.ErrFull", Value: errFull},
	{Name: "kv.ErrNothing", Value: errList},
	{Name: "kv.ErrMulti", Value: multi{"a", "b"}},
	{
		Name: "kv.Quota",
		Encode: func(err error, m *tenon.Message) bool {
			q, ok := err.(quota)
			if ok {
				m.WriteInt(1, int64(q))
			}
			return ok
		},
		Decode: func(m *tenon.Message, _ error) (error, error) {
			var q quota
			for m.Next() {
				q = quota(m.ReadInt())
			}
			return q, m.Err()
		},
	},
	{
		Name: "kv.KeyError",
		Encode: func(err error, m *tenon.Message) bool {
			e, ok := err.(*keyError)
			if ok {
				m.WriteString(1, e.Key)
				m.WriteInt(2, e.Size)
			}
			return ok
		},
		Decode: func(m *tenon.Message, _ error) (error, error) {
			e := new(keyError)
			for m.Next() {
				switch m.Field() {
				case 1:
					e.Key = m.ReadString()
				case 2:
					e.Size = m.ReadInt()
				}
			}
			return e, m.Err()
		},
	},
	{
		Name: "kv.OpError",
		Encode: func(err error, m *tenon.Message) bool {
			e, ok := err.(*opError)
			if ok {
				m.WriteString(1, e.Op)
			}
			return ok
		},
		Decode: func(m *tenon.Message, _ error) (error, error) {
			e := new(opError)
			for m.Next() {
				if m.Field() == 1 {
					e.Op = m.ReadString()
				}
			}
			return e, m.Err()
		},
	},
}

// every is each sentinel that must keep its identity.
var every = []error{
	errNotFound, errStale, errFull,
	context.Canceled, context.DeadlineExceeded,
	io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrShortWrite, io.ErrShortBuffer, io.ErrNoProgress,
	fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, fs.ErrClosed, fs.ErrInvalid,
	os.ErrDeadlineExceeded, os.ErrProcessDone, os.ErrNoDeadline,
	errors.ErrUnsupported, strconv.ErrRange, strconv.ErrSyntax,
}

func encode(err error, defs []tenon.ErrorDef) []byte {
	var m tenon.Message
	fault.Encode(err, defs, &m)
	return m.Raw()
}

func decode(b []byte, defs []tenon.ErrorDef) *tenon.Error {
	var m tenon.Message
	m.Load(b, nil)
	return fault.Decode(&m, defs)
}

func trip(err error) *tenon.Error { return decode(encode(err, defs), defs) }

// foreign is a wrapper that no contract lists.
type foreign struct {
	text string
	err  error
}

func (f *foreign) Error() string { return f.text }
func (f *foreign) Unwrap() error { return f.err }

// claims is an error that says it is others.
type claims struct{ all []error }

func (c *claims) Error() string { return "claims" }
func (c *claims) Is(target error) bool {
	return slices.ContainsFunc(c.all, func(e error) bool { return e == target })
}

func TestSentinels(t *testing.T) {
	for _, s := range every {
		for _, err := range []error{
			s, fmt.Errorf("open: %w", s), &foreign{"other text", s}, errors.Join(errors.New("first"), s),
			fmt.Errorf("%w and %w", io.ErrNoProgress, fmt.Errorf("deep: %w", s)),
		} {
			got := trip(err)
			if got.Error() != err.Error() {
				t.Errorf("%v: text is %q", err, got)
			}
			for _, other := range every {
				if want := errors.Is(err, other); errors.Is(got, other) != want {
					t.Errorf("%v: errors.Is(%v) is %v", err, other, !want)
				}
			}
			if want := tenon.CodeOf(err); got.Code != want {
				t.Errorf("%v: code %v, want %v", err, got.Code, want)
			}
		}
	}
}

func TestTypes(t *testing.T) {
	t.Run("fs.PathError", func(t *testing.T) {
		_, err := os.Open("/does/not/exist")
		var path *fs.PathError
		if got := trip(err); !errors.As(got, &path) || path.Op != "open" || path.Path != "/does/not/exist" ||
			path.Err != syscall.ENOENT || !errors.Is(got, fs.ErrNotExist) || got.Code != tenon.NotFound {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("os.LinkError", func(t *testing.T) {
		var link *os.LinkError
		err := fmt.Errorf("move: %w", &os.LinkError{Op: "rename", Old: "a\xff", New: "b", Err: syscall.EACCES})
		if got := trip(err); !errors.As(got, &link) || link.Op != "rename" || link.Old != "a\xff" || link.New != "b" ||
			!errors.Is(got, fs.ErrPermission) || !errors.Is(got, syscall.EACCES) || !utf8.ValidString(got.Error()) {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("os.SyscallError", func(t *testing.T) {
		var call *os.SyscallError
		if got := trip(os.NewSyscallError("fork", syscall.ENOSYS)); !errors.As(got, &call) || call.Syscall != "fork" || !errors.Is(got, errors.ErrUnsupported) {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("strconv.NumError", func(t *testing.T) {
		_, err := strconv.ParseInt("12x", 10, 64)
		var num *strconv.NumError
		if got := trip(err); !errors.As(got, &num) || num.Func != "ParseInt" || num.Num != "12x" || !errors.Is(got, strconv.ErrSyntax) || got.Error() != err.Error() {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("of the contract", func(t *testing.T) {
		var key *keyError
		if got := trip(fmt.Errorf("put: %w", &keyError{"k", -1})); !errors.As(got, &key) || *key != (keyError{"k", -1}) {
			t.Errorf("got %#v", got)
		}
		var op *opError
		err := &opError{"sync", fs.ErrClosed}
		got := trip(err)
		if !errors.As(got, &op) || op.Op != "sync" || !errors.Is(got, fs.ErrClosed) || got.Error() != err.Error() || errors.Unwrap(got.Err) != fs.ErrClosed {
			t.Errorf("got %#v", got.Err)
		}
		if got := trip(quota(4)); errors.Is(got, errFull) {
			t.Error("quota 4 is taken for quota 3")
		}
	})
	t.Run("tenon.Error", func(t *testing.T) {
		own := &tenon.Error{Code: tenon.Aborted, Message: "m", Stack: "s", Err: fmt.Errorf("x: %w", io.EOF)}
		if got := trip(own); got.Code != tenon.Aborted || got.Message != "m" || got.Stack != "s" || !errors.Is(got, io.EOF) || errors.Unwrap(got).Error() != "x: EOF" {
			t.Errorf("got %#v", got)
		}
		other := &tenon.Error{Code: tenon.Aborted, Message: "m", Stack: "s", Service: "kv.Store", Method: "Get", Err: io.EOF}
		for _, err := range []error{other, fmt.Errorf("retry: %w", other)} {
			got := trip(err)
			var inner *tenon.Error
			if got.Code != tenon.Aborted || got.Service != "" || !errors.As(got.Err, &inner) || *inner != *other {
				t.Errorf("got %#v wraps %#v", got, inner)
			}
		}
		if got := trip(&tenon.Error{Code: tenon.NotFound}); got.Error() != "not found" || !errors.Is(got, fs.ErrNotExist) {
			t.Errorf("got %#v", got)
		}
	})
	t.Run("tenon.TransportError", func(t *testing.T) {
		err := fmt.Errorf("backend: %w", &tenon.TransportError{Op: "read", Err: io.ErrUnexpectedEOF})
		got := trip(err)
		var lost *tenon.TransportError
		if errors.As(got, &lost) || got.Code != tenon.Unavailable || !errors.Is(got, io.ErrUnexpectedEOF) || got.Error() != err.Error() {
			t.Errorf("got %#v", got)
		}
	})
}

func TestAPlainErrorIsNothingButItsText(t *testing.T) {
	if got := trip(errors.New("boom")); *got != (tenon.Error{Code: tenon.Unknown, Message: "boom"}) {
		t.Errorf("got %#v", got)
	}
	if got := trip(fmt.Errorf("get: %w", errNotFound)); got.Err != errNotFound {
		t.Errorf("a wrapper at the root is not the root: %#v", got)
	}
}

func TestIsMethodsAreAsked(t *testing.T) {
	got := trip(fmt.Errorf("net: %w", &claims{[]error{errNotFound, context.DeadlineExceeded}}))
	for _, s := range every {
		if want := s == errNotFound || s == context.DeadlineExceeded; errors.Is(got, s) != want {
			t.Errorf("errors.Is(%v) is %v", s, !want)
		}
	}
	if got.Code != tenon.DeadlineExceeded {
		t.Errorf("code %v", got.Code)
	}
}

func TestAnOlderPeerKeepsTheText(t *testing.T) {
	err := fmt.Errorf("get: %w", errors.Join(errNotFound, &keyError{"k", 1}, errEnd, &opError{"sync", fs.ErrClosed}))
	got := decode(encode(err, defs), nil)
	var key *keyError
	if got.Error() != err.Error() || errors.Is(got, errNotFound) || errors.As(got, &key) {
		t.Errorf("got %v", got)
	}
	if !errors.Is(got, io.EOF) || !errors.Is(got, fs.ErrClosed) {
		t.Error("what every peer knows was lost with what this one does not")
	}
}

func TestASentinelThatReadsDifferentlyHere(t *testing.T) {
	newer := errors.New("kv: no such key")
	got := decode(encode(errNotFound, defs), []tenon.ErrorDef{{Name: "kv.ErrNotFound", Value: newer}})
	if got.Error() != errNotFound.Error() || got.Err.Error() != errNotFound.Error() || !errors.Is(got, newer) {
		t.Errorf("got %#v", got.Err)
	}
}

func TestAnotherSystemsNumbers(t *testing.T) {
	b := encode(syscall.ENOENT, nil)
	i := strings.Index(string(b), "linux")
	if i < 0 {
		t.Skip("spells the system's name of linux only")
	}
	copy(b[i:], "minix")
	got := decode(b, nil)
	if errors.Is(got, syscall.ENOENT) || !errors.Is(got, fs.ErrNotExist) || got.Error() != syscall.ENOENT.Error() {
		t.Errorf("got %#v", got)
	}
}

// rude panics wherever it can.
type rude struct{ uncomparable []int }

func (rude) Error() string   { panic("Error") }
func (rude) Is(error) bool   { panic("Is") }
func (rude) Unwrap() []error { panic("Unwrap") }

// loop wraps itself.
type loop struct{}

func (l *loop) Error() string { return "loop" }
func (l *loop) Unwrap() error { return l }

// well has no bottom, and no two depths are equal.
type well struct{ depth int }

func (w well) Error() string { return "well" + strconv.Itoa(w.depth) }
func (w well) Unwrap() []error {
	return []error{well{w.depth + 1}, nil, well{w.depth + 2}}
}

func TestHostileSenders(t *testing.T) {
	huge := strings.Repeat("é", 1<<20)
	var wide []error
	for range 2_000 {
		wide = append(wide, fmt.Errorf("%w: %s", errNotFound, huge[:2000]))
	}
	for name, err := range map[string]error{
		"panics":               rude{[]int{1}},
		"panics beneath":       &foreign{"x", rude{}},
		"wraps itself":         fmt.Errorf("outer: %w", &loop{}),
		"no bottom":            well{},
		"nil *tenon.Error":     (*tenon.Error)(nil),
		"nil *fs.PathError":    fmt.Errorf("x: %w", (*fs.PathError)(nil)),
		"nil *keyError":        errors.Join((*keyError)(nil), errNotFound),
		"nil in PathError":     &foreign{"x", &fs.PathError{Op: "open"}},
		"nil in NumError":      &strconv.NumError{},
		"huge text":            errors.New(huge),
		"wide and huge":        errors.Join(wide...),
		"not UTF-8":            errors.New("a\xffb\xfe\xfd"),
		"uncomparable":         multi{"a"},
		"uncomparable in a pe": &fs.PathError{Op: "o", Err: multi{"b"}},
		"huge value":           &keyError{Key: huge},
		"value is not UTF-8":   &keyError{Key: "\xff"},
		"OK":                   &tenon.Error{},
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(err, defs)
			if len(b) > 1<<20+64<<10 {
				t.Errorf("%d bytes", len(b))
			}
			got := decode(b, defs)
			if got.Code == tenon.OK || got.Code == tenon.Internal || !utf8.ValidString(got.Error()) || len(got.Error()) > 64<<10 {
				t.Errorf("got %.100q, code %v", got.Error(), got.Code)
			}
			if n := count(got, 0); n > 257 {
				t.Errorf("%d nodes", n)
			}
			trip(got)
		})
	}
}

// count returns the number of errors in a tree, all of which it prints.
func count(err error, depth int) int {
	_ = err.Error()
	if depth > 80 {
		return 1 << 20
	}
	n := 1
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if e := u.Unwrap(); e != nil {
			n += count(e, depth+1)
		}
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			n += count(e, depth+1)
		}
	}
	return n
}

func TestADefThatPanics(t *testing.T) {
	bad := []tenon.ErrorDef{{
		Name:   "kv.Bad",
		Encode: func(err error, m *tenon.Message) bool { m.WriteUint(1, 1); panic("encode") },
		Decode: func(m *tenon.Message, _ error) (error, error) { panic("decode") },
	}}
	for _, pair := range [][2][]tenon.ErrorDef{{bad, bad}, {defs, {{Name: "kv.KeyError", Decode: bad[0].Decode}}}} {
		err := fmt.Errorf("x: %w", &keyError{"k", 1})
		if got := decode(encode(err, pair[0]), pair[1]); got.Error() != err.Error() {
			t.Errorf("got %#v", got)
		}
	}
}

func TestMalformed(t *testing.T) {
	var m tenon.Message
	m.WriteString(2, "the text")
	m.WriteRaw([]byte{0x22, 5, 1})
	got := decode(m.Raw(), defs)
	if got.Code != tenon.Internal || !strings.Contains(got.Message, "cannot be read") || !strings.Contains(got.Message, `"the text"`) {
		t.Errorf("got %v", got)
	}
	if got := decode(nil, nil); got.Code != tenon.Unknown || got.Error() != "unknown" {
		t.Errorf("got %#v", got)
	}
}

func TestReceiverBounds(t *testing.T) {
	deep := []byte{}
	for range 1000 {
		var m tenon.Message
		m.WriteBytes(5, deep)
		deep = m.Raw()
	}
	var wide tenon.Message
	for range 100_000 {
		wide.WriteBytes(5, nil)
		wide.WriteString(7, "kv.ErrMulti")
	}
	long := []byte{} // file errors nested in each other, each with a path of 200 kB
	for range 20 {
		var path, m tenon.Message
		path.WriteBytes(2, make([]byte, 200_000))
		m.WriteString(3, "fs.PathError")
		m.WriteBytes(4, path.Raw())
		m.WriteBytes(5, long)
		long = m.Raw()
	}
	for name, cause := range map[string][]byte{"deep": deep, "wide": wide.Raw(), "long": long} {
		var m tenon.Message
		m.WriteBytes(4, cause)
		got := decode(m.Raw(), defs)
		if n := count(got, 0); n > 257 {
			t.Errorf("%s: %d nodes", name, n)
		}
		var path *fs.PathError
		if errors.As(got, &path) && len(path.Error()) > 2_000_000 {
			t.Errorf("%s: an error prints as %d bytes", name, len(path.Error()))
		}
	}
}

//go:noinline
func explode(value any) { panic(value) }

func recovered(f func()) (e *tenon.Error) {
	defer func() { e = fault.Panic(recover(), debug.Stack()) }()
	f()
	return nil
}

func TestPanic(t *testing.T) {
	var null *keyError
	for name, c := range map[string]struct {
		f    func()
		text string
		is   error
	}{
		"text":         {func() { explode("boom") }, "panic: boom", nil},
		"error":        {func() { explode(fmt.Errorf("x: %w", errNotFound)) }, "panic: x: kv: key not found", errNotFound},
		"number":       {func() { explode(7) }, "panic: 7", nil},
		"struct":       {func() { explode(struct{ a int }{1}) }, "panic: (struct { a int })", nil},
		"nil":          {func() { explode(nil) }, "panic: panic called with nil argument", nil},
		"rude":         {func() { explode(rude{}) }, "panic: %!v(PANIC=Error method: Error)", nil},
		"nil pointer":  {func() { explode(null.Key) }, "panic: runtime error: invalid memory address", nil},
		"index":        {func() { explode([]int{}[len(t.Name())-len(name(t))]) }, "panic: runtime error: index out of range", nil},
		"panics twice": {func() { defer explode("second"); explode("first") }, "panic: second", nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := recovered(c.f)
			if e.Code != tenon.Internal || !strings.HasPrefix(e.Message, c.text) || c.is != nil && !errors.Is(e, c.is) {
				t.Errorf("got %#v", e)
			}
			lines := strings.Split(e.Stack, "\n")
			if !strings.HasPrefix(lines[0], "goroutine ") || !strings.Contains(lines[1], "fault_test.") || strings.Contains(lines[1], "recovered") {
				t.Errorf("the stack begins:\n%s", strings.Join(lines[:5], "\n"))
			}
			if got := trip(e); got.Stack != e.Stack || got.Message != e.Message || got.Code != e.Code {
				t.Errorf("did not survive the trip: %#v", got)
			}
		})
	}
}

func name(t *testing.T) string { return t.Name() }

func TestPanicWithoutAStack(t *testing.T) {
	for _, stack := range []string{"", "x", "goroutine 1 [running]:\n", "goroutine 1 [running]:\nmain.main()\n", "panic(\n", "goroutine 1:\npanic(1)\n"} {
		if e := fault.Panic("x", []byte(stack)); e.Stack != stack {
			t.Errorf("%q became %q", stack, e.Stack)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, err := range map[string]error{
		"sentinel": errNotFound,
		"wrapped":  fmt.Errorf("get: %w", errNotFound),
		"plain":    errors.New("boom"),
		"canceled": context.Canceled,
		"path":     &fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT},
	} {
		b.Run(name, func(b *testing.B) {
			var m tenon.Message
			b.ReportAllocs()
			for b.Loop() {
				m.Reset(m.Raw()[:0], nil)
				fault.Encode(err, defs, &m)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	raw := encode(errNotFound, defs)
	var m tenon.Message
	b.ReportAllocs()
	for b.Loop() {
		m.Load(raw, nil)
		fault.Decode(&m, defs)
	}
}
