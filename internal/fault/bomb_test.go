package fault_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
)

// counter is a type of a contract that counts how often it is looked at.
type counter struct{ err error }

var looks int

func (c *counter) Error() string { return "counter" }
func (c *counter) Unwrap() error { return c.err }
func (c *counter) Is(error) bool { looks++; return false }
func (c *counter) As(any) bool   { looks++; return false }

// lister wraps what it is given in its own way.
type lister struct{ err error }

func (l lister) Error() string   { return "lister" }
func (l lister) Unwrap() []error { return []error{io.ErrNoProgress, l.err} }

// structure can't be compared.
type structure struct {
	err  error
	list []int
}

func (s structure) Error() string { return "structure" }
func (s structure) Unwrap() error { return s.err }
func (s structure) Is(error) bool { looks++; return false }
func (s structure) As(any) bool   { looks++; return false }

func wrapper(name string, wrap func(error) error) tenon.ErrorDef {
	return tenon.ErrorDef{Name: name, Decode: func(_ *tenon.Message, cause error) (error, error) { return wrap(cause), nil }}
}

var bombDefs = append(slices.Clone(defs),
	wrapper("kv.Counter", func(err error) error { return &counter{err} }),
	wrapper("kv.Lister", func(err error) error { return lister{err} }),
	wrapper("kv.Structure", func(err error) error { return structure{err, []int{1}} }),
)

// A level is what a bomb has on each of its levels.
type level struct {
	texts       []string // taken in turn; "" is one that is left out
	name, known string
	is          []string
	leaves      int // beside the level below
	many        bool
}

func (l level) write(i int, below []byte) []byte {
	var m tenon.Message
	if t := l.texts[i%len(l.texts)]; t != "" {
		m.WriteString(1, t)
	}
	m.WriteString(2, l.name)
	m.WriteString(3, l.known)
	m.WriteBytes(4, nil)
	if below != nil {
		m.WriteBytes(5, below)
	}
	for range l.leaves {
		m.WriteBytes(5, nil)
	}
	m.WriteBool(6, l.many)
	for _, name := range l.is {
		m.WriteString(7, name)
	}
	return m.Raw()
}

func bomb(l level, depth int) []byte {
	var cause []byte
	for i := range depth {
		cause = l.write(i, cause)
	}
	var m tenon.Message
	m.WriteString(2, "boom")
	m.WriteBytes(4, cause)
	return m.Raw()
}

var bombs = map[string]level{
	"PathError":             {texts: []string{"t"}, known: "fs.PathError"},
	"PathError, same text":  {texts: []string{""}, known: "fs.PathError"},
	"LinkError":             {texts: []string{"t"}, known: "os.LinkError"},
	"SyscallError":          {texts: []string{"t"}, known: "os.SyscallError"},
	"NumError":              {texts: []string{"t"}, known: "strconv.NumError"},
	"tenon.Error":           {texts: []string{"t"}, known: "tenon.Error"},
	"with names":            {texts: []string{"t"}, known: "fs.PathError", is: []string{"io.EOF"}},
	"with many names":       {texts: []string{"t"}, known: "fs.PathError", is: slices.Repeat([]string{"io.EOF", "kv.ErrMulti", "?"}, 85)},
	"list":                  {texts: []string{"t"}, known: "fs.PathError", many: true},
	"list with leaves":      {texts: []string{"t"}, known: "fs.PathError", leaves: 3, is: []string{"io.EOF"}},
	"counter":               {texts: []string{"t"}, name: "kv.Counter"},
	"counter or its node":   {texts: []string{"t", "counter"}, name: "kv.Counter"},
	"counter itself":        {texts: []string{"counter"}, name: "kv.Counter"},
	"counters in a list":    {texts: []string{"t"}, name: "kv.Counter", many: true},
	"lister":                {texts: []string{"t"}, name: "kv.Lister", is: []string{"io.EOF"}},
	"structure":             {texts: []string{"t"}, name: "kv.Structure", is: []string{"io.EOF"}},
	"structure or its node": {texts: []string{"structure", "t"}, name: "kv.Structure"},
	"structure itself":      {texts: []string{"structure"}, name: "kv.Structure"},
	"sentinel":              {texts: []string{"t"}, name: "kv.ErrStale", is: []string{"io.EOF"}},
}

// soon fails the test if f takes as long as what grows without a bound.
func soon(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	timer := time.NewTimer(10 * time.Second)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		t.Fatal(what, "takes too long")
	}
}

// lookFor asks err for what it is not, so that all of it is looked at, and for
// what it may be.
func lookFor(err error) {
	errors.Is(err, errors.New("nothing"))
	as[*tenon.TransportError](err)
	as[*keyError](err)
	as[*fs.PathError](err)
	as[*os.LinkError](err)
	as[*strconv.NumError](err)
	as[interface{ NoSuchMethod() }](err)
	as[interface{ Timeout() bool }](err)
	for _, s := range every {
		errors.Is(err, s)
	}
	tenon.CodeOf(err)
}

func as[T any](err error) (value T, ok bool) {
	ok = errors.As(err, &value)
	return value, ok
}

func TestBomb(t *testing.T) {
	for name, l := range bombs {
		t.Run(name, func(t *testing.T) {
			b := bomb(l, 64)
			for range 2 { // and once more as it is sent on
				var err *tenon.Error
				soon(t, "Decode", func() { err = decode(b, bombDefs) })
				soon(t, "to look into it", func() { lookFor(err) })
				if n := count(err, 0); n > 257 {
					t.Errorf("%d nodes", n)
				}
				soon(t, "Encode", func() { b = encode(err, bombDefs) })
			}
		})
	}
}

// Time tells only what is exponential: this counts.
func TestBombIsLookedAtOnce(t *testing.T) {
	for name, l := range bombs {
		err := decode(bomb(l, 64), bombDefs)
		looks = 0
		errors.Is(err, errors.New("nothing"))
		is := looks
		looks = 0
		as[*keyError](err)
		if is > 65 || looks > 65 { // a leaf that can't be compared is looked at twice
			t.Errorf("%s: errors.Is looks %d times, errors.As %d", name, is, looks)
		}
	}
}

// A wide tree with all the names that are read on each node.
func TestBombOfNames(t *testing.T) {
	l := level{texts: []string{"t"}, known: "fs.PathError", leaves: 3}
	for i := range 300 {
		l.is = append(l.is, []string{"io.EOF", "kv.ErrStale", "context.Canceled", "?"}[i%4])
	}
	began := time.Now()
	for range 20 {
		decode(bomb(l, 64), bombDefs)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("20 times took %v", took)
	}
}

// What a node says of its value and its kids stays what it was when it asked
// both for everything.
func TestBombKeepsAnswers(t *testing.T) {
	for name, l := range bombs {
		inner := level{texts: []string{"inner"}, known: "os.ErrDeadlineExceeded"}.write(0, nil)
		cause := l.write(0, l.write(0, inner))
		var m tenon.Message
		m.WriteBytes(4, cause)
		err := decode(m.Raw(), bombDefs)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the innermost sentinel is lost", name)
		}
		if want := len(l.is) > 0; errors.Is(err, io.EOF) != want {
			t.Errorf("%s: errors.Is(io.EOF) is %v", name, !want)
		}
		if want := l.name == "kv.ErrStale"; errors.Is(err, fs.ErrNotExist) != want || errors.Is(err, errStale) != want {
			t.Errorf("%s: errors.Is(errStale) is not %v", name, want)
		}
		if want := l.name == "kv.Lister"; errors.Is(err, io.ErrNoProgress) != want {
			t.Errorf("%s: errors.Is(io.ErrNoProgress) is %v", name, !want)
		}
		if errors.Is(err, context.Canceled) {
			t.Errorf("%s: is canceled", name)
		}
		if e, ok := as[*fs.PathError](err); ok != (l.known == "fs.PathError") || ok && !errors.Is(e.Err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: errors.As(*fs.PathError) is %v", name, ok)
		}
		if e, ok := as[structure](err); ok != (l.name == "kv.Structure") || ok && len(e.list) != 1 {
			t.Errorf("%s: errors.As(structure) is %v", name, ok)
		}
	}
}
