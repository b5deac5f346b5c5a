package tenon

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func packedInts(m *Message, num int32, list []int64) {
	mark := m.Begin(num)
	for _, v := range list {
		m.PutInt(v)
	}
	m.End(mark)
}

// A repeated field is read packed and unpacked, and in both ways mixed.
func TestElem(t *testing.T) {
	var m Message
	packedInts(&m, 1, []int64{1, -1, 1 << 40})
	m.WriteInt(1, 7)
	packedInts(&m, 1, nil)
	m.WriteInt(1, 8)
	mark := m.Begin(2)
	m.PutDouble(1.5)
	m.PutDouble(math.Inf(1))
	m.End(mark)
	mark = m.Begin(3)
	m.PutFloat(-2.5)
	m.End(mark)
	mark = m.Begin(4)
	m.PutBool(true)
	m.PutBool(false)
	m.PutUint(1)
	m.End(mark)
	m.WriteString(5, "end")
	m.Load(m.Raw(), nil)
	var ints []int64
	var doubles []float64
	var floats []float32
	var bools []bool
	var end string
	for m.Next() {
		switch m.Field() {
		case 1:
			for m.Elem() {
				ints = append(ints, m.ReadInt())
			}
		case 2:
			for m.Elem() {
				doubles = append(doubles, m.ReadDouble())
			}
		case 3:
			for m.Elem() {
				floats = append(floats, m.ReadFloat())
			}
		case 4:
			for m.Elem() {
				bools = append(bools, m.ReadBool())
			}
		case 5:
			end = m.ReadString()
		}
	}
	if m.Err() != nil || end != "end" {
		t.Fatal(m.Err(), end)
	}
	for got, want := range map[any]any{
		&ints: &[]int64{1, -1, 1 << 40, 7, 8}, &doubles: &[]float64{1.5, math.Inf(1)}, &floats: &[]float32{-2.5}, &bools: &[]bool{true, false, true},
	} {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", reflect.ValueOf(got).Elem(), reflect.ValueOf(want).Elem())
		}
	}
}

// What is wrong with a packed field, or with how it is read, ends in an error or
// is skipped, and never runs on into the next field.
func TestElemGoesNoFurther(t *testing.T) {
	for name, b := range map[string]string{
		"a varint that goes beyond": "\x0a\x02\x01\x80\x10\x01",
		"a length that lies":        "\x0a\x05\x01",
		"a varint of 11 bytes":      "\x0a\x0b\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
	} {
		var m Message
		m.Load([]byte(b), nil)
		for m.Next() {
			for m.Elem() {
				m.ReadInt()
			}
		}
		if m.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	whole := []byte("\x0a\x03\x01\x02\x03\x10\x09")
	for name, read := range map[string]func(m *Message){
		"nothing is read": func(m *Message) { m.Elem(); m.Elem() },
		"it is left":      func(m *Message) { m.Elem(); m.ReadInt() },
		"it is left at the end": func(m *Message) {
			m.Elem()
			m.ReadInt()
			m.Elem()
			m.ReadInt()
			m.Elem()
			m.ReadInt()
		},
		"it is left unread": func(m *Message) { m.Elem(); m.ReadInt(); m.Elem() },
		"it is not begun":   func(*Message) {},
	} {
		for _, nested := range []bool{false, true} {
			b := whole
			if nested {
				b = append([]byte{0x0a, byte(len(whole))}, whole...)
			}
			var m Message
			m.Load(b, nil)
			mark := 0
			if nested {
				m.Next()
				mark = m.Enter()
			}
			m.Next()
			read(&m)
			if !m.Next() || m.Field() != 2 || m.ReadInt() != 9 || m.Next() || m.Err() != nil {
				t.Errorf("%s, nested %v: field %d, %v", name, nested, m.Field(), m.Err())
			}
			if nested {
				m.Leave(mark)
			}
		}
	}
	var m Message
	m.Load(append([]byte{0x0a, byte(len(whole))}, append(whole, 0x18, 1)...), nil)
	m.Next()
	mark := m.Enter()
	m.Next()
	m.Elem()
	if m.Leave(mark); !m.Next() || m.Field() != 3 || m.ReadInt() != 1 || m.Next() || m.Err() != nil {
		t.Error("what was entered is not left in the middle of a packed field:", m.Field(), m.Err())
	}
}

func TestElemOfAnotherKind(t *testing.T) {
	var m Message
	packedInts(&m, 1, []int64{1, 2})
	m.Load(m.Raw(), nil)
	m.Next()
	for m.Elem() {
		m.ReadString()
	}
	if m.Err() == nil {
		t.Error("numbers are read as strings")
	}
}

// Read twice, told twice, asked in any order: there is one value.
func TestOneValueForEachField(t *testing.T) {
	var m Message
	m.WriteInt(1, 5)
	m.WriteInt(2, 6)
	m.Load(m.Raw(), nil)
	m.Next()
	if m.ReadInt() != 5 || m.ReadInt() != 0 || m.ReadString() != "" || m.Elem() || m.Count() != 1 || m.Err() != nil {
		t.Error("a value is read twice", m.Err())
	}
	if !m.Next() || m.Field() != 2 || !m.Elem() || m.ReadInt() != 6 || m.Elem() || m.Next() {
		t.Error("the next one is lost", m.Err())
	}
}

func TestCount(t *testing.T) {
	var m Message
	for range 3 {
		m.WriteString(1, "x")
	}
	m.WriteInt(2, 300)
	m.WriteInt(2, 1)
	for range 5 {
		m.WriteBytes(20, make([]byte, 200))
	}
	m.WriteFixed32(3, 1)
	m.WriteFixed32(3, 1)
	m.WriteFixed64(4, 1)
	m.WriteString(1, "y")
	packedInts(&m, 5, []int64{1, 300, -1})
	want := map[int32]int{1: 3, 2: 2, 20: 5, 3: 2, 4: 1, 5: 1}
	raw := bytes.Clone(m.Raw())
	m.Load(raw, nil)
	seen := map[int32]bool{}
	for m.Next() {
		if n := m.Count(); !seen[m.Field()] && n != want[m.Field()] {
			t.Errorf("field %d: %d, want %d", m.Field(), n, want[m.Field()])
		}
		if m.Field() == 5 && (m.CountPacked(0) != 3 || m.CountPacked(32) != 3 || m.CountPacked(64) != 1) {
			t.Error("packed:", m.CountPacked(0), m.CountPacked(32), m.CountPacked(64))
		}
		seen[m.Field()] = true
	}
	if m.Err() != nil || !seen[5] {
		t.Error(m.Err())
	}
	for cut := range raw { // looking ahead never goes beyond what is there
		m.Load(raw[:cut:cut], nil)
		for m.Next() {
			if n := m.Count() + m.CountPacked(0); n > 2*cut+2 {
				t.Errorf("%d of %d bytes", n, cut)
			}
		}
	}
}

func TestCountVarints(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 200 {
		var b []byte
		n := r.Intn(40)
		for range n {
			b = binary.AppendUvarint(b, r.Uint64()>>uint(r.Intn(64)))
		}
		if got := varints(b); got != n {
			t.Fatalf("%d, want %d", got, n)
		}
	}
}

// Whatever Count is asked, and however often, it looks at each field a few times
// at most.
func TestCountIsBounded(t *testing.T) {
	const n = 1 << 17 // its square takes longer than the bound below
	for name, b := range map[string][]byte{
		"a run":       bytes.Repeat([]byte{0x0a, 0}, n),
		"alternating": bytes.Repeat([]byte{0x0a, 0, 0x12, 0}, n/2),
		"varints":     bytes.Repeat([]byte{0x08, 1}, n),
		"of two":      bytes.Repeat([]byte{0x0a, 0, 0x0a, 0, 0x12, 0}, n/3),
		"packed":      append(binary.AppendUvarint([]byte{0x0a}, n), bytes.Repeat([]byte{1}, n)...),
		"nested":      bytes.Repeat([]byte{0x0a, 4, 0x0a, 0, 0x0a, 0}, n/3),
	} {
		began := time.Now()
		var m Message
		m.Load(b, nil)
		for m.Next() {
			m.Count()
			m.CountPacked(0)
			if name == "nested" {
				mark := m.Enter()
				for m.Next() {
					m.Count()
				}
				m.Leave(mark)
			}
			if name == "packed" {
				for m.Elem() {
					m.CountPacked(0)
					m.ReadInt()
				}
			}
		}
		if took := time.Since(began); took > 5*time.Second || m.Err() != nil {
			t.Errorf("%s: %v, %v", name, took, m.Err())
		}
	}
}

func TestGrow(t *testing.T) {
	type list []int
	m := new(Message)
	s := Grow(m, list(nil), 5)
	if s == nil || len(s) != 0 || cap(s) != 5 {
		t.Error(len(s), cap(s))
	}
	if s = Grow(m, append(s, 1, 2, 3), 10); len(s) != 3 || cap(s) < 13 || s[2] != 3 {
		t.Error(s, cap(s))
	}
	if Grow(m, list(nil), 0) != nil || Grow(m, list(nil), -1) != nil {
		t.Error("there is something")
	}
}

// Strings of a list share memory, and are what they were, whatever is done with
// the message's bytes; what is allocated is bounded.
func TestStringsShare(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 300 {
		var m Message
		var want []string
		size := r.Intn(60)
		for range r.Intn(100) {
			s := strings.Repeat(string(rune('a'+r.Intn(26))), r.Intn(size+1))
			if r.Intn(20) == 0 {
				s += "ü"
			}
			want = append(want, s)
			mark := m.Begin(3)
			m.WriteString(1, s)
			for range r.Intn(4) {
				m.WriteUint(2, r.Uint64())
			}
			m.End(mark)
		}
		raw := m.Raw()
		m.Load(raw, nil)
		var got []string
		for m.Next() {
			if len(got) == cap(got) {
				got = Grow(&m, got, m.Count())
			}
			mark := m.Enter()
			for m.Next() {
				if m.Field() == 1 {
					got = append(got, m.ReadString())
				}
			}
			m.Leave(mark)
		}
		clear(raw)
		if m.Err() != nil || !slices.Equal(got, want) {
			t.Fatalf("%q, want %q: %v", got, want, m.Err())
		}
	}
	var m Message
	for range 1000 {
		m.WriteString(1, "ten bytes.")
	}
	raw := m.Raw()
	if n := testing.AllocsPerRun(10, func() {
		m.Load(raw, nil)
		for m.Next() {
			if m.run == 0 {
				m.Count()
			}
			m.ReadString()
		}
	}); n < 15 || n > 60 {
		t.Errorf("%v allocations for 1000 strings", n)
	}
}

// A message of which little is there makes no more than its size allows of what
// is large in Go, and says why.
func TestRoom(t *testing.T) {
	type page [1 << 20]byte
	empty := bytes.Repeat([]byte{0x0a, 0}, 1000)
	for name, read := range map[string]func(m *Message){
		"a list": func(m *Message) {
			var list []page
			for m.Next() {
				if len(list) == cap(list) {
					list = Grow(m, list, m.Count())
				}
				list = list[:min(len(list)+1, cap(list))]
			}
		},
		"pointers": func(m *Message) {
			for m.Next() {
				New[page](m)
			}
		},
		"a map": func(m *Message) {
			var to map[int]page
			for m.Next() {
				if to == nil {
					to = Map[map[int]page](m)
				}
				Put(m, to, int(m.Field()), page{})
			}
		},
	} {
		var m Message
		m.Load(empty, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read(&m)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4*freeRoom {
			t.Errorf("%s takes %d MiB", name, took>>20)
		}
		if CodeOf(m.Err()) != ResourceExhausted {
			t.Errorf("%s: %v", name, m.Err())
		}
	}
	var m Message
	m.Load([]byte{0x0a, 0}, nil)
	for m.Next() {
		Put(&m, map[any]int{}, any([]int{}), 1)
	}
	if err := m.Err(); err == nil || !strings.Contains(err.Error(), "unhashable") {
		t.Errorf("a key that can't be one: %v", err)
	}
}

// A value of which each part has the same parts twice is given up at the first
// that is too deep, and not at the last.
func TestTooDeepOnAllWays(t *testing.T) {
	var m Message
	var write func()
	write = func() {
		if m.TooDeep() {
			return
		}
		mark := m.Begin(1)
		write()
		write()
		m.End(mark)
	}
	write()
	if m.Err() == nil {
		t.Error("no error")
	}
}
