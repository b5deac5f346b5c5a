package tenon

import (
	"context"
	"errors"
	"io"
	"math"
	"math/big"
	"math/cmplx"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"
)

// A word has a text and a binary form, and errors of its own.
type word struct {
	s   string
	err error
}

var errWord = errors.New("word refused")

func (w word) MarshalText() ([]byte, error)          { return []byte(w.s), w.err }
func (w word) AppendText(b []byte) ([]byte, error)   { return append(b, w.s...), w.err }
func (w word) MarshalBinary() ([]byte, error)        { return []byte(w.s), w.err }
func (w word) AppendBinary(b []byte) ([]byte, error) { return append(b, w.s...), w.err }
func (w *word) UnmarshalText(b []byte) error         { return w.set(b) }
func (w *word) UnmarshalBinary(b []byte) error       { return w.set(b) }
func (w *word) set(b []byte) error {
	switch w.s = string(b); w.s {
	case "bad":
		return errWord
	case "panic":
		panic("on purpose")
	}
	return nil
}

// A shrinker breaks the rules of encoding.TextAppender.
type shrinker struct{}

func (shrinker) AppendText([]byte) ([]byte, error) { return nil, nil }

func TestTextAndBinary(t *testing.T) {
	addr := netip.MustParseAddr("2001:db8::1")
	long := strings.Repeat("long", 10_000)
	var m Message
	m.WriteText(1, addr, false)
	m.WriteTextAppend(2, addr, false)
	m.WriteBinary(3, addr, false)
	m.WriteBinaryAppend(4, addr, false)
	m.WriteText(5, big.NewInt(-17), false)
	m.WriteTextAppend(6, word{s: long}, false)
	m.WriteText(7, word{s: long}, false)
	for _, always := range []bool{false, true} {
		m.WriteText(8, word{}, always)
		m.WriteTextAppend(8, word{}, always)
		m.WriteBinary(9, word{}, always)
		m.WriteBinaryAppend(9, word{}, always)
	}
	if m.depth != 0 {
		t.Error("depth", m.depth)
	}
	m.Load(m.Raw(), nil)
	counts := map[int32]int{}
	for m.Next() {
		var got netip.Addr
		var n big.Int
		var w word
		num := m.Field()
		counts[num]++
		switch num {
		case 1, 2:
			m.ReadText(&got)
		case 3, 4:
			m.ReadBinary(&got)
		case 5:
			m.ReadText(&n)
		case 8:
			m.ReadText(&w)
		default:
			m.ReadBinary(&w)
		}
		if num <= 4 && got != addr || num == 5 && n.Int64() != -17 || (num == 6 || num == 7) && w.s != long {
			t.Errorf("field %d: %v %v %.20s", num, got, &n, w.s)
		}
	}
	if m.Err() != nil || counts[8] != 2 || counts[9] != 2 || counts[7] != 1 {
		t.Error(m.Err(), counts)
	}
}

func TestTextAndBinaryErrors(t *testing.T) {
	refused := word{s: "x", err: errWord}
	for name, write := range map[string]func(m *Message){
		"WriteText":         func(m *Message) { m.WriteText(1, refused, true) },
		"WriteTextAppend":   func(m *Message) { m.WriteTextAppend(1, refused, true) },
		"WriteBinary":       func(m *Message) { m.WriteBinary(1, refused, true) },
		"WriteBinaryAppend": func(m *Message) { m.WriteBinaryAppend(1, refused, true) },
		"ReadText":          func(m *Message) { loaded(m, "bad").ReadText(new(word)) },
		"ReadBinary":        func(m *Message) { loaded(m, "bad").ReadBinary(new(word)) },
	} {
		var m Message
		write(&m)
		var e *Error
		if err := m.Err(); !errors.As(err, &e) || e.Code != InvalidArgument || !errors.Is(err, errWord) || !strings.Contains(err.Error(), "field 1: tenon.word: word refused") {
			t.Errorf("%s: %v", name, err)
		}
		if m.Next() {
			t.Errorf("%s: it goes on", name)
		}
	}
	for name, do := range map[string]func(m *Message){
		"not UTF-8":           func(m *Message) { m.WriteText(1, word{s: "\xff"}, false) },
		"not UTF-8, appended": func(m *Message) { m.WriteTextAppend(1, word{s: "\xff"}, false) },
		"not UTF-8, read":     func(m *Message) { loaded(m, "\xff").ReadText(new(word)) },
		"panics":              func(m *Message) { loaded(m, "panic").ReadText(new(word)) },
		"panics too":          func(m *Message) { loaded(m, "panic").ReadBinary(new(word)) },
		"shrinks":             func(m *Message) { m.WriteInt(1, 1); m.WriteTextAppend(2, shrinker{}, true) },
	} {
		var m Message
		if do(&m); m.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// loaded makes m a message with s as its first field.
func loaded(m *Message, s string) *Message {
	m.WriteBytes(1, []byte(s))
	m.Load(m.Raw(), nil)
	m.Next()
	return m
}

func TestComplex(t *testing.T) {
	for _, v := range []complex128{0, 1, 1i, -2.5 + 3i, cmplx.Inf(), complex(math.Copysign(0, -1), 0)} {
		var m Message
		m.WriteComplex(1, v)
		m.WriteInt(2, 1)
		m.Load(m.Raw(), nil)
		m.Next()
		got := m.ReadComplex()
		if got != v || math.Signbit(real(got)) != math.Signbit(real(v)) || !m.Next() || m.Field() != 2 || m.Err() != nil {
			t.Errorf("%v became %v, %v", v, got, m.Err())
		}
	}
}

func TestNarrowIntegers(t *testing.T) {
	for _, c := range []struct {
		v    int64
		bits int
		fine bool
	}{{127, 8, true}, {-128, 8, true}, {128, 8, false}, {-129, 8, false}, {32767, 16, true}, {32768, 16, false}, {1 << 31, 32, false}, {-1 << 31, 32, true}, {math.MinInt64, 64, true}, {math.MaxInt64, 0, true}} {
		var m Message
		m.WriteInt(3, c.v)
		m.WriteInt(1, 0)
		m.Load(m.Raw(), nil)
		m.Next()
		got := m.ReadIntN(c.bits)
		if (m.Err() == nil) != c.fine || c.fine && got != c.v || !c.fine && !strings.Contains(m.Err().Error(), "field 3") {
			t.Errorf("%+v: %d %v", c, got, m.Err())
		}
	}
	for _, c := range []struct {
		v    uint64
		bits int
		fine bool
	}{{255, 8, true}, {256, 8, false}, {65535, 16, true}, {1 << 16, 16, false}, {math.MaxUint64, 64, true}, {math.MaxUint64, 0, true}} {
		var m Message
		m.WriteUint(3, c.v)
		m.Load(m.Raw(), nil)
		m.Next()
		if got := m.ReadUintN(c.bits); (m.Err() == nil) != c.fine || c.fine && got != c.v {
			t.Errorf("%+v: %d %v", c, got, m.Err())
		}
	}
}

func TestArrayBytes(t *testing.T) {
	for s, fine := range map[string]bool{"abcd": true, "abc": false, "abcde": false, "": false} {
		var m Message
		dst := [4]byte{9, 9, 9, 9}
		loaded(&m, s).ReadArrayBytes(dst[:])
		if (m.Err() == nil) != fine || fine != (string(dst[:]) == s) || !fine && dst[0] != 9 {
			t.Errorf("%q: %q %v", s, dst, m.Err())
		}
	}
}

func TestFail(t *testing.T) {
	var m Message
	m.Fail(nil)
	if m.Err() != nil {
		t.Error(m.Err())
	}
	m.Fail(io.ErrShortBuffer)
	m.Fail(errWord) // the first counts
	var e *Error
	if err := m.Err(); !errors.As(err, &e) || e.Code != InvalidArgument || !errors.Is(err, io.ErrShortBuffer) || err.Error() != io.ErrShortBuffer.Error() {
		t.Error(m.Err())
	}
	m = Message{}
	m.Fail(ErrNilElement)
	if m.Err() != ErrNilElement {
		t.Error(m.Err())
	}
	loaded(&m, "x").WriteInt(2, 1)
	m.Fail(errWord)
	if m.Next() || m.ReadString() != "" {
		t.Error("it goes on")
	}
	m = Message{} // what was begun can be ended
	mark := m.Begin(1)
	m.Fail(errWord)
	m.WriteString(1, "x")
	m.End(mark)
}

func TestTooDeep(t *testing.T) {
	var m Message
	depth := 0
	var write func(num int32)
	write = func(num int32) {
		if m.TooDeep() {
			return
		}
		depth++
		mark := m.Begin(num)
		write(num)
		m.End(mark)
	}
	write(1)
	if depth != maxDepth || m.Err() == nil || m.depth != 0 {
		t.Errorf("%d deep, %v, %d left", depth, m.Err(), m.depth)
	}
	r := m.Raw()
	m.Load(r, nil)
	if descend(&m); m.Err() != nil {
		t.Error("what was written can't be read:", m.Err())
	}
	m.Load(r, nil)
	if enter(&m); m.Err() != nil || m.depth != 0 {
		t.Error("what was written can't be entered:", m.Err(), m.depth)
	}
	m.Load(append([]byte{0x0a, byte(len(r)) | 0x80, byte(len(r) >> 7)}, r...), nil)
	if enter(&m); m.Err() == nil || m.depth != 0 {
		t.Error("one more can be entered", m.depth)
	}
}

func enter(m *Message) {
	for m.Next() {
		mark := m.Enter()
		enter(m)
		m.Leave(mark)
	}
}

// Enter reads what ReadMessage reads, and what is left unread is passed over.
func TestEnter(t *testing.T) {
	var m Message
	mark := m.Begin(1)
	m.WriteString(1, strings.Repeat("x", 300))
	inner := m.Begin(16)
	m.WriteInt(1, 7)
	m.WriteInt(2, 8)
	m.End(inner)
	m.End(mark)
	m.WriteInt(17, 9)
	raw := m.Raw()
	for left := range 4 {
		m.Load(raw, nil)
		m.Next()
		mark := m.Enter()
		if left > 0 && m.Next() && left > 1 && m.Next() {
			inner := m.Enter()
			if left > 2 && (!m.Next() || m.ReadInt() != 7) {
				t.Error("inside:", m.Err())
			}
			m.Leave(inner)
		}
		m.Leave(mark)
		if !m.Next() || m.Field() != 17 || m.ReadInt() != 9 || m.Next() || m.Err() != nil {
			t.Errorf("left %d: field %d, %v", left, m.Field(), m.Err())
		}
	}
	for cut := range raw {
		m.Load(raw[:cut:cut], nil)
		for m.Next() {
			if m.Field() == 1 {
				enter(&m)
			}
		}
	}
	m.Load([]byte("\x08\x01\x10\x02"), nil)
	m.Next()
	m.Leave(m.Enter())
	if m.Next() || m.Err() == nil {
		t.Error("a number was entered")
	}
}

// fakeErrors is a table that writes errors as their text.
type fakeErrors struct{ fakeRefs }

func (fakeErrors) AppendError(b []byte, err error, _ []ErrorDef) []byte {
	return append(b, err.Error()...)
}
func (fakeErrors) ParseError(b []byte, _ []ErrorDef) error { return errors.New(string(b)) }

func TestErrorValues(t *testing.T) {
	var m Message
	m.Reset(nil, fakeErrors{})
	m.WriteError(1, nil, nil)
	m.WriteError(2, errWord, nil)
	m.Load(m.Raw(), fakeErrors{})
	if !m.Next() || m.Field() != 2 {
		t.Fatal("nil was written")
	}
	if err := m.ReadError(nil); err == nil || err.Error() != errWord.Error() || m.Err() != nil {
		t.Error(err, m.Err())
	}
	for _, refs := range []RefTable{nil, fakeRefs{}} {
		m.Reset(nil, refs)
		m.WriteError(1, errWord, nil)
		if m.Err() == nil {
			t.Error("an error is written without a table of them")
		}
		m.Load([]byte{0x0a, 0}, refs)
		m.Next()
		if m.ReadError(nil) != nil || m.Err() == nil {
			t.Error("an error is read without a table of them")
		}
	}
}

// A toldConn keeps what it is told.
type toldConn struct {
	Conn
	opened int
	lost   error
}

func (c *toldConn) Open(context.Context, *Ref, int) (Stream, error) {
	c.opened++
	return nil, errWord
}
func (c *toldConn) Offers(s string) ([]string, bool) { return nil, s == "other" }
func (c *toldConn) Lost(_ *Ref, _ int, err error)    { c.lost = err }

func TestRefAsConn(t *testing.T) {
	c := &Contract{Name: "x.X", Methods: []Method{{Name: "A"}, {Name: "B", Optional: true}}}
	conn := &toldConn{}
	ref := NewRef(conn, c, 7, false)
	if got, err := c.Bind(ref.AsConn()); got != ref || err != nil {
		t.Error(got, err)
	}
	twin := &Contract{Name: "x.X", Methods: []Method{{Name: "B", Optional: true}, {Name: "A"}}}
	other, err := twin.Bind(ref.AsConn())
	if err != nil || other.Offers(0) || !other.Offers(1) {
		t.Fatal(err)
	}
	if _, err := other.Open(context.Background(), 1); err != errWord || conn.opened != 1 {
		t.Error(err)
	}
	ref.Release()
	if _, err := other.Open(context.Background(), 1); CodeOf(err) != FailedPrecondition || conn.opened != 1 {
		t.Error("it is called after it was released:", err)
	}
	if _, ok := ref.AsConn().Offers("other"); !ok {
		t.Error("what the connection offers is hidden")
	}
	ref.Lost(0, nil)
	if ref.Lost(0, errWord); conn.lost != errWord {
		t.Error(conn.lost)
	}
	NewRef(struct{ Conn }{conn}, c, 1, false).Lost(0, errWord) // nobody to tell
}

type withImpl struct{ Server }

func (withImpl) TenonImpl() any { return 7 }

func TestImpl(t *testing.T) {
	if Impl(nil) != nil || Impl(&Service{}) != nil || Impl(&Service{Server: struct{ Server }{}}) != nil || Impl(&Service{Server: withImpl{}}) != 7 {
		t.Error("Impl")
	}
}

// readMore reads a field in one of the ways of this file.
func readMore(m *Message, how byte) (total int) {
	switch how % 10 {
	case 0:
		var w word
		m.ReadText(&w)
		if !utf8.ValidString(w.s) {
			panic("not UTF-8")
		}
		total = len(w.s)
	case 1:
		var w word
		m.ReadBinary(&w)
		total = len(w.s)
	case 2:
		m.ReadComplex()
	case 3:
		err := m.ReadError(nil)
		if err != nil {
			total = len(err.Error())
		}
	case 4:
		m.ReadIntN(8)
	case 5:
		m.ReadUintN(16)
	case 6:
		var b [4]byte
		m.ReadArrayBytes(b[:])
	case 7:
		list := Grow(m, []int64(nil), m.CountPacked(0))
		total = cap(list)
		for m.Elem() {
			list = append(list, m.ReadInt())
		}
	case 8:
		list := Grow(m, []float32(nil), m.CountPacked(32))
		total = cap(list)
		for m.Elem() && len(list) < 3 {
			list = append(list, m.ReadFloat())
		}
	case 9:
		total = cap(Grow(m, []byte(nil), m.Count()))
	}
	return total
}
