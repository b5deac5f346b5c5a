package wire

import (
	"bytes"
	"errors"
	"maps"
	"math/rand"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/quick"
)

func TestHeaderRoundTrip(t *testing.T) {
	same := func(typ uint8, flags uint8, length uint32, id uint64) bool {
		h := Header{Type: Type(typ), Flags: Flags(flags), Length: int(length % (MaxBody + 1)), ID: id}
		if h.Type == 0 || h.Type > Drain && h.Type < Ignorable {
			h.Type = Call
		}
		var b [HeaderSize]byte
		h.Put(b[:])
		got, err := ParseHeader(b[:])
		return err == nil && got == h
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

// The table of PROTOCOL.md, 3.1, byte by byte.
func TestHeaderBytes(t *testing.T) {
	var b [HeaderSize]byte
	Header{Type: Data, Flags: Msg | More, Length: 0x01f0, ID: 0x0102030405060708}.Put(b[:])
	want := []byte{0xf0, 0x01, 0, 0, 2, 6, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1}
	if !bytes.Equal(b[:], want) {
		t.Errorf("% x, want % x", b, want)
	}
}

func TestMalformedHeaders(t *testing.T) {
	for name, b := range map[string]string{
		"4 GiB":         "\xff\xff\xff\xff\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
		"one too long":  "\xf1\xff\x01\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
		"type 0":        strings.Repeat("\x00", 16),
		"type 10":       "\x00\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
		"type 127":      "\x00\x00\x00\x00\x7f\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00",
		"a line of log": "panic: runtime e",
	} {
		h, err := ParseHeader([]byte(b))
		var format *FormatError
		if !errors.As(err, &format) || format.Rule == "" || err.Error() == "" {
			t.Errorf("%s: %v", name, err)
		}
		if h.Length > MaxBody+1 {
			t.Errorf("%s: a length of %d", name, h.Length)
		}
	}
}

func TestTypeNames(t *testing.T) {
	for typ, want := range map[Type]string{Call: "CALL", Drain: "DRAIN", 0: "0", 10: "type 0x0a", 0xff: "type 0xff"} {
		if typ.String() != want {
			t.Errorf("%q, want %q", typ.String(), want)
		}
	}
}

// A body holds, in the order of PROTOCOL.md, 3.6, whatever it was made of.
func TestBodyRoundTrip(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 2000 {
		ref, service, method, timeout := r.Uint64()>>uint(r.Intn(64)), text(r), text(r), r.Uint64()
		if r.Intn(2) == 0 {
			ref = 0
		}
		md, ids, message := metadata(r), numbers(r), []byte(text(r))
		b := AppendTarget(nil, ref, service, method, timeout)
		b = AppendMetadata(b, md)
		b = AppendRefs(b, ids)
		b = append(b, message...)

		body := NewBody(Header{Type: Call, Flags: Meta | Refs | Msg}, b)
		target := body.Target()
		if ref != 0 {
			service = ""
		}
		if target.Ref != ref || string(target.Service) != service || string(target.Method) != method || target.Timeout != timeout {
			t.Fatalf("%+v", target)
		}
		if got := body.Metadata(); !maps.EqualFunc(got, md, slices.Equal) {
			t.Fatalf("%q, want %q", got, md)
		}
		if got := body.Refs(); !slices.Equal(got, ids) {
			t.Fatalf("%v, want %v", got, ids)
		}
		if got := body.Rest(); !bytes.Equal(got, message) || body.Err() != nil {
			t.Fatalf("%q, want %q (%v)", got, message, body.Err())
		}
	}
}

func TestMetadataSize(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 2000 {
		if md := metadata(r); len(AppendMetadata(nil, md)) > MetadataSize(md) {
			t.Fatalf("%q takes more than %d", md, MetadataSize(md))
		}
	}
}

func TestMalformedBodies(t *testing.T) {
	target := AppendTarget(nil, 0, "s", "m", 5)
	bodies := map[string]struct {
		flags Flags
		b     []byte
	}{
		"empty":                   {0, nil},
		"service cut":             {0, []byte("\x00\x05abc")},
		"service of 1025 bytes":   {0, append([]byte("\x00\x81\x08"), make([]byte, 1025)...)},
		"no timeout":              {0, []byte("\x00\x01s\x01m")},
		"varint of 11 bytes":      {0, bytes.Repeat([]byte{0x80}, 11)},
		"varint that overflows":   {0, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")},
		"varint cut":              {0, []byte{0x80}},
		"metadata missing":        {Meta, target},
		"metadata that lies":      {Meta, append(slices.Clone(target), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"...)},
		"metadata cut":            {Meta, append(slices.Clone(target), "\x02\x01k\x01v\x01k"...)},
		"metadata too long":       {Meta, AppendMetadata(slices.Clone(target), map[string][]string{"k": slices.Repeat([]string{strings.Repeat("x", 1000)}, 33)})},
		"refs missing":            {Refs, target},
		"refs cut":                {Refs, append(slices.Clone(target), "\x03\x01\x02\x80"...)},
		"refs that lie":           {Refs, append(slices.Clone(target), "\xff\xff\xff\xff\x0f\x01"...)},
		"refs more than the most": {Refs, AppendRefs(slices.Clone(target), make([]uint64, MaxRefs+1))},
	}
	for name, c := range bodies {
		body := NewBody(Header{Type: Call, Flags: c.flags, ID: 7}, c.b)
		body.Target()
		md, ids := body.Metadata(), body.Refs()
		var format *FormatError
		if !errors.As(body.Err(), &format) || format.ID != 7 {
			t.Errorf("%s: %v", name, body.Err())
		}
		if len(md) != 0 || len(ids) != 0 || len(body.Rest()) != 0 || body.Uint("x") != 0 {
			t.Errorf("%s: something is read after the error", name)
		}
	}
	body := NewBody(Header{Flags: Refs}, AppendRefs(nil, make([]uint64, MaxRefs)))
	if ids := body.Refs(); len(ids) != MaxRefs || body.Err() != nil {
		t.Errorf("the most refs: %v", body.Err())
	}
}

// What a count announces is not allocated before it is known to be there.
func TestNothingIsAllocatedInAdvance(t *testing.T) {
	liar := append([]byte{0x80, 0x80, 0x04}, make([]byte, 1000)...) // says 65536
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 1000 {
		b := NewBody(Header{Flags: Refs}, liar)
		b.Refs()
		b = NewBody(Header{Flags: Meta}, liar)
		b.Metadata()
	}
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / 1000; per > 4<<10 {
		t.Errorf("%d bytes each", per)
	}
}

func text(r *rand.Rand) string {
	b := make([]byte, r.Intn(40))
	r.Read(b)
	return string(b)
}

func numbers(r *rand.Rand) (list []uint64) {
	for range r.Intn(10) {
		list = append(list, r.Uint64()>>uint(r.Intn(64)))
	}
	return list
}

func metadata(r *rand.Rand) map[string][]string {
	md := make(map[string][]string)
	for range r.Intn(5) {
		key := text(r)
		for range 1 + r.Intn(3) {
			md[key] = append(md[key], text(r))
		}
	}
	return md
}

func FuzzHeader(f *testing.F) {
	var b [HeaderSize]byte
	Header{Type: Call, Flags: Meta | End, Length: 100, ID: 1}.Put(b[:])
	f.Add(b[:])
	f.Add(bytes.Repeat([]byte{0xff}, HeaderSize))
	f.Add(make([]byte, HeaderSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < HeaderSize {
			return
		}
		h, err := ParseHeader(b)
		if err != nil {
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("%T", err)
			}
			return
		}
		if h.Length > MaxBody || h.Type == 0 || h.Type > Drain && h.Type < Ignorable {
			t.Fatalf("%+v", h)
		}
		var again [HeaderSize]byte
		h.Put(again[:])
		again[6], again[7] = b[6], b[7]
		if !bytes.Equal(again[:], b[:HeaderSize]) {
			t.Fatalf("% x became % x", b, again)
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add(uint8(0), AppendTarget(nil, 0, "service", "method", 1000))
	f.Add(uint8(Meta), AppendMetadata(AppendTarget(nil, 7, "", "m", 0), map[string][]string{"k": {"v", "w"}}))
	f.Add(uint8(Meta|Refs|Msg), append(AppendRefs(AppendMetadata(AppendTarget(nil, 0, "s", "m", 0), nil), []uint64{1, 2, 1 << 60}), "message"...))
	f.Fuzz(func(t *testing.T, flags uint8, b []byte) {
		if len(b) > MaxBody {
			return
		}
		before := slices.Clone(b)
		h := Header{Type: Call, Flags: Flags(flags), Length: len(b), ID: 1}
		body := NewBody(h, b)
		target, md, ids, rest := body.Target(), body.Metadata(), body.Refs(), body.Rest()
		if !bytes.Equal(b, before) {
			t.Fatal("the body was changed")
		}
		if body.Err() != nil {
			if len(rest) != 0 || body.Uint("more") != 0 {
				t.Fatal("something is read after the error")
			}
			return
		}
		if len(target.Service) > MaxName || len(target.Method) > MaxName || len(ids) > MaxRefs {
			t.Fatal("a bound is exceeded")
		}
		// What was read means the same when it is written again.
		again := AppendTarget(nil, target.Ref, string(target.Service), string(target.Method), target.Timeout)
		again = AppendRefs(AppendMetadata(again, md), ids)
		b2 := NewBody(Header{Type: Call, Flags: Meta | Refs}, append(again, rest...))
		if got := b2.Target(); !reflect.DeepEqual(got, target) && (len(got.Service)+len(got.Method)+len(target.Service)+len(target.Method) > 0) {
			t.Fatalf("%+v, was %+v", got, target)
		}
		got := b2.Metadata()
		if b2.Err() == nil && !maps.EqualFunc(got, md, slices.Equal) && len(got)+len(md) > 0 {
			t.Fatalf("%q, was %q", got, md)
		}
		if got := b2.Refs(); b2.Err() == nil && !slices.Equal(got, ids) {
			t.Fatalf("%v, was %v", got, ids)
		}
	})
}
