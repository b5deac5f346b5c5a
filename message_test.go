package tenon

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// A field is what the independent decoder below makes of a field.
type field struct {
	num   int
	kind  int
	value uint64
	bytes []byte
}

// decode is a second, slow reading of the wire format, written after protobuf's
// documentation alone.
func decode(b []byte) (fields []field, ok bool) {
	number := func() (v uint64) {
		for shift := 0; ; shift += 7 {
			if len(b) == 0 || shift > 63 {
				ok = false
				return 0
			}
			c := b[0]
			b = b[1:]
			if shift == 63 && c > 1 {
				ok = false
				return 0
			}
			v |= uint64(c&0x7f) << shift
			if c < 0x80 {
				return v
			}
		}
	}
	cut := func(n uint64) []byte {
		if n > uint64(len(b)) {
			ok = false
			return nil
		}
		x := b[:n]
		b = b[n:]
		return x
	}
	for ok = true; ok && len(b) > 0; {
		tag := number()
		f := field{num: int(tag >> 3), kind: int(tag & 7)}
		if !ok || tag>>3 == 0 || tag>>3 >= 1<<29 {
			return fields, false
		}
		switch f.kind {
		case 0:
			f.value = number()
		case 1:
			f.bytes = cut(8)
		case 2:
			f.bytes = cut(number())
		case 5:
			f.bytes = cut(4)
		default:
			ok = false
		}
		if ok {
			fields = append(fields, f)
		}
	}
	return fields, ok
}

// A script writes random fields and remembers what they are.
type script struct {
	r    *rand.Rand
	want []field
}

func (s *script) write(m *Message, depth int) {
	for range s.r.Intn(6) {
		num := int32(1 + s.r.Intn(1<<uint(1+s.r.Intn(28))))
		f := field{num: int(num)}
		v := s.r.Uint64() >> uint(s.r.Intn(64))
		switch s.r.Intn(9) {
		case 0:
			m.WriteUint(num, v)
			f.value = v
		case 1:
			m.WriteInt(num, -int64(v>>1))
			f.value = uint64(-int64(v >> 1))
		case 2:
			x := int64(v)
			m.WriteSint(num, x)
			f.value = zigzag(x)
		case 3:
			m.WriteBool(num, v&1 == 1)
			f.value = v & 1
		case 4:
			m.WriteFixed64(num, v)
			f.kind, f.bytes = 1, binary.LittleEndian.AppendUint64(nil, v)
		case 5:
			m.WriteFloat(num, float32(v))
			f.kind, f.bytes = 5, binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v)))
		case 6:
			f.kind, f.bytes = 2, []byte(strings.Repeat("ü", s.r.Intn(200)))
			m.WriteString(num, string(f.bytes))
		case 7:
			f.kind, f.bytes = 2, make([]byte, s.r.Intn(1<<uint(s.r.Intn(18))))
			s.r.Read(f.bytes)
			m.WriteBytes(num, f.bytes)
		case 8:
			if depth == 0 {
				continue
			}
			sub := script{r: s.r}
			mark := m.Begin(num)
			sub.write(m, depth-1)
			m.End(mark)
			f.kind, f.bytes = 2, plain(sub.want)
		}
		s.want = append(s.want, f)
	}
}

func zigzag(x int64) uint64 {
	if x < 0 {
		return uint64(-(x+1))*2 + 1
	}
	return uint64(x) * 2
}

// plain encodes fields without a Message.
func plain(fields []field) (b []byte) {
	for _, f := range fields {
		b = binary.AppendUvarint(b, uint64(f.num)<<3|uint64(f.kind))
		switch f.kind {
		case 0:
			b = binary.AppendUvarint(b, f.value)
		case 2:
			b = binary.AppendUvarint(b, uint64(len(f.bytes)))
		}
		b = append(b, f.bytes...)
	}
	return b
}

// What a Message writes is what another decoder reads, whole and in parts, long
// byte slices and nested messages included.
func TestMessageWrites(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var m Message
	for i := range 500 {
		m.Reset(m.Buffer()[:0], nil)
		s := script{r: r}
		s.write(&m, 4)
		want := plain(s.want)
		if m.Len() != len(want) {
			t.Fatalf("%d: %d bytes, want %d", i, m.Len(), len(want))
		}
		if got := inParts(&m, r); !bytes.Equal(got, want) {
			t.Fatalf("%d: in parts it is something else", i)
		}
		if !bytes.Equal(m.Raw(), want) || m.Len() != len(want) {
			t.Fatalf("%d: as a whole it is something else", i)
		}
		if fields, ok := decode(m.Raw()); !ok || fmt.Sprint(fields) != fmt.Sprint(s.want) {
			t.Fatalf("%d: it is not what was written", i)
		}
		read(t, m.Raw())
	}
}

func inParts(m *Message, r *rand.Rand) (all []byte) {
	for len(all) < m.Len() {
		most := 1 + r.Intn(100_000)
		a, b := m.Part(len(all), most)
		if n := len(a) + len(b); n == 0 || n > most {
			panic(fmt.Sprintf("a part of %d bytes, no more than %d", n, most))
		}
		all = append(append(all, a...), b...)
	}
	return all
}

// read reads b with a Message, each field as what it is, and compares.
func read(t *testing.T, b []byte) {
	t.Helper()
	want, ok := decode(b)
	var m Message
	m.Load(b, nil)
	for _, f := range want {
		if !m.Next() || int(m.Field()) != f.num {
			t.Fatalf("field %d is missing: %v", f.num, m.Err())
		}
		same := true
		switch f.kind {
		case 0:
			same = m.ReadUint() == f.value
		case 1:
			same = m.ReadFixed64() == binary.LittleEndian.Uint64(f.bytes)
		case 2:
			same = bytes.Equal(m.ReadBytes(), f.bytes)
		case 5:
			same = m.ReadFixed32() == binary.LittleEndian.Uint32(f.bytes)
		}
		if !same || m.Err() != nil {
			t.Fatalf("field %d differs: %v", f.num, m.Err())
		}
	}
	more := 0
	for ; m.Next(); more++ {
	}
	if (m.Err() == nil) != ok || more > 1 || ok && more > 0 { // one whose value is malformed
		t.Fatalf("%d more fields, and %v; well-formed: %v", more, m.Err(), ok)
	}
}

func TestMessageKinds(t *testing.T) {
	var m Message
	m.WriteSint(1, math.MinInt64)
	m.WriteInt(2, -1)
	m.WriteDouble(3, math.Inf(-1))
	m.WriteFloat(4, float32(math.Copysign(0, -1)))
	m.WriteBool(5, true)
	m.WriteString(6, "")
	m.WriteBytes(7, nil)
	m.Load(m.Raw(), nil)
	next := func() *Message {
		if !m.Next() {
			t.Fatal(m.Err())
		}
		return &m
	}
	if v := next().ReadSint(); v != math.MinInt64 {
		t.Error(v)
	}
	if v := next().ReadInt(); v != -1 {
		t.Error(v)
	}
	if v := next().ReadDouble(); !math.IsInf(v, -1) {
		t.Error(v)
	}
	if v := next().ReadFloat(); v != 0 || !math.Signbit(float64(v)) {
		t.Error(v)
	}
	if !next().ReadBool() || next().ReadString() != "" {
		t.Error("bool or string")
	}
	if v := next().ReadBytes(); v == nil || len(v) != 0 {
		t.Error(v)
	}
	if m.Next() || m.Err() != nil {
		t.Error(m.Err())
	}
}

func TestMalformedMessages(t *testing.T) {
	for name, b := range map[string]string{
		"field 0":             "\x00\x01",
		"field 2^29":          "\x80\x80\x80\x80\x10\x01",
		"tag cut":             "\x80",
		"varint cut":          "\x08\x80",
		"varint of 11 bytes":  "\x08" + strings.Repeat("\x80", 10) + "\x01",
		"fixed64 cut":         "\x091234567",
		"fixed32 cut":         "\x0d123",
		"bytes cut":           "\x0a\x05abc",
		"bytes that lie":      "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"a group":             "\x0b\x0c",
		"wire type 7":         "\x0f",
		"the second is wrong": "\x08\x01\x0a\x05",
	} {
		for _, skip := range []bool{true, false} {
			var m Message
			m.Load([]byte(b), nil)
			for m.Next() {
				if !skip {
					m.ReadView()
				}
			}
			var e *Error
			if !errors.As(m.Err(), &e) || e.Code != InvalidArgument {
				t.Errorf("%s: %v", name, m.Err())
			}
			if m.Next() || m.ReadUint() != 0 || m.ReadBytes() != nil {
				t.Errorf("%s: it goes on", name)
			}
		}
	}
	var m Message
	m.WriteString(1, "\xff")
	if m.Err() == nil {
		t.Error("text that is not UTF-8 can be sent")
	}
	m = Message{}
	m.WriteBytes(1, []byte("\xff"))
	m.Load(m.Raw(), nil)
	if m.Next(); m.ReadString() != "" || m.Err() == nil {
		t.Error("text that is not UTF-8 can be read")
	}
}

func TestMessageDepth(t *testing.T) {
	nest := func(depth int) []byte {
		var b []byte
		for range depth {
			b = append(binary.AppendUvarint([]byte{0x0a}, uint64(len(b))), b...)
		}
		return b
	}
	for depth, fine := range map[int]bool{100: true, 101: false, 5000: false} {
		var m Message
		m.Load(nest(depth), nil)
		if descend(&m); (m.Err() == nil) != fine {
			t.Errorf("%d deep: %v", depth, m.Err())
		}
	}
}

func descend(m *Message) {
	for m.Next() {
		var sub Message
		m.ReadMessage(&sub)
		descend(&sub)
		m.Check(&sub)
	}
}

// A long byte slice is handed on only if it was given, and is most of it.
func TestMessageGives(t *testing.T) {
	whole := func(n, rest int) []byte {
		var m Message
		m.WriteBytes(1, make([]byte, n))
		m.WriteBytes(2, make([]byte, rest))
		return bytes.Clone(m.Raw())
	}
	for _, c := range []struct {
		give  bool
		b     []byte
		taken bool
	}{{true, whole(64<<10, 0), true}, {false, whole(64<<10, 0), false}, {true, whole(100, 0), false}, {true, whole(20<<10, 60<<10), false}} {
		var m Message
		if m.Load(c.b, nil); c.give {
			m.Give(c.b, nil)
		}
		m.Next()
		v := m.ReadBytes()
		clear(c.b)
		c.b[2] = 1
		if m.Taken() != c.taken {
			t.Errorf("taken: %v, want %v", m.Taken(), c.taken)
		}
		if !c.taken && bytes.ContainsRune(v, 1) {
			t.Error("it was not copied")
		}
	}
}

// Nothing that a length announces is allocated.
func TestMessageAllocates(t *testing.T) {
	lies := []byte("\x0a\xff\xff\xff\x7f0123456789")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		var m Message
		m.Load(lies, nil)
		m.Next()
		m.ReadBytes()
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / 1000; per > 1<<10 {
		t.Errorf("%d bytes each", per)
	}
}

// fakeRefs imports and exports anything.
type fakeRefs struct{}

func (fakeRefs) Export(Service, bool) (uint64, error) { return 1, nil }
func (fakeRefs) Import(id uint64, c *Contract, kept bool) (*Ref, error) {
	if id%2 == 0 {
		return nil, errors.New("no such ref")
	}
	return NewRef(nil, c, id, false), nil
}
func (fakeRefs) Return(uint64, *Contract) (*Service, error) { return nil, errors.New("not ours") }
func (fakeRefs) Home(*Ref) bool                             { return false }

// FuzzMessage reads any bytes in every way there is: what it says agrees with the
// independent decoder, and what it allocates is in proportion.
func FuzzMessage(f *testing.F) {
	r := rand.New(rand.NewSource(1))
	for range 20 {
		var m Message
		(&script{r: r}).write(&m, 3)
		if m.Len() < 4096 {
			f.Add(bytes.Clone(m.Raw()), byte(r.Intn(256)))
		}
	}
	var m Message
	m.Reset(nil, fakeRefs{})
	m.WriteRef(1, Service{Contract: &Contract{}, Server: Server(nil)}, true)
	m.writeRef(1, 1, true, false)
	m.writeRef(2, 2, false, true)
	f.Add(m.Raw(), byte(9))
	f.Add([]byte("\x0a\xff\xff\xff\xff\x0f"), byte(3))
	f.Fuzz(func(t *testing.T, b []byte, how byte) {
		before := bytes.Clone(b)
		read(t, b)
		var m Message
		m.Load(b, fakeErrors{})
		total := readAnyhow(&m, how, 0)
		if !bytes.Equal(b, before) {
			t.Fatal("the bytes were changed")
		}
		if total > 200*(len(b)+1) { // each of 100 levels may copy its strings
			t.Fatalf("%d bytes read of %d", total, len(b))
		}
		_, ok := decode(b)
		if m.Err() == nil && !ok {
			t.Fatal("malformed, and nothing is said")
		}
	})
}

// readAnyhow reads fields as what a script made of how says.
func readAnyhow(m *Message, how byte, depth int) (total int) {
	for i := how; m.Next(); i = i*5 + 3 {
		switch i % 12 {
		case 0:
			m.ReadUint()
		case 1:
			m.ReadSint()
		case 2:
			s := m.ReadString()
			if !utf8.ValidString(s) {
				panic("not UTF-8")
			}
			total += len(s)
		case 3:
			total += len(m.ReadBytes())
		case 4:
			m.ReadDouble()
		case 5:
			m.ReadFloat()
		case 6:
			var sub Message
			m.ReadMessage(&sub)
			total += readAnyhow(&sub, i+1, depth+1)
			m.Check(&sub)
		case 7:
			m.ReadRef(&Contract{})
		case 8:
			mark := m.Enter()
			total += readAnyhow(m, i+1, depth+1)
			m.Leave(mark)
		case 9, 10:
			total += readMore(m, i/12)
		default: // skipped
		}
	}
	return total
}
