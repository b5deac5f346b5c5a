package main

import (
	"bytes"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tenon-go/tenon/bench/codec/item"
)

// All codecs write the same bytes, and read the same values from them. Tenon's
// are a field of a message, which the others' are not.
func TestCodecsAgree(t *testing.T) {
	o := item.Example(lines)
	want := bare(t, encodeTenon(nil, o))
	for _, c := range codecs {
		v := c.make(o)
		wire := c.encode(nil, v)
		b := wire
		if c.name == "tenon" {
			b = bare(t, wire)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s writes\n%x, not\n%x", c.name, b, want)
		}
		got := c.decode(wire)
		if m, ok := got.(proto.Message); ok {
			if !proto.Equal(m, v.(proto.Message)) {
				t.Errorf("%s reads %v", c.name, m)
			}
		} else if !reflect.DeepEqual(got, v) {
			t.Errorf("%s reads %+v", c.name, got)
		}
	}
}

// bare is the content of the only field of b.
func bare(t *testing.T, b []byte) []byte {
	_, _, n := protowire.ConsumeTag(b)
	v, m := protowire.ConsumeBytes(b[n:])
	if n < 0 || n+m != len(b) {
		t.Fatalf("%x is not one field", b)
	}
	return v
}

// What is allocated is what the value holds: the order, its id, the three strings
// of the address, the digest, the list, and the strings of the list. Of those the
// first is on its own, and the others share one piece of memory.
func TestTenonAllocatesTheValue(t *testing.T) {
	o := item.Example(lines)
	b := encodeTenon(nil, o)
	buf := make([]byte, 0, 2*len(b))
	if n := testing.AllocsPerRun(100, func() { encodeTenon(buf, o) }); n != 0 {
		t.Errorf("encoding allocates %v times", n)
	}
	const order, id, address, digest, list, skus = 1, 1, 3, 1, 1, 1 + 1
	const most = order + id + address + digest + list + skus
	if n := testing.AllocsPerRun(100, func() { decodeTenon(b) }); n > most {
		t.Errorf("decoding allocates %v times, more than %d", n, most)
	}
}

func BenchmarkEncode(b *testing.B) {
	each(b, func(b *testing.B, c codec, v any, wire []byte) {
		buf := make([]byte, 0, 2*len(wire))
		for b.Loop() {
			c.encode(buf, v)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	each(b, func(b *testing.B, c codec, _ any, wire []byte) {
		for b.Loop() {
			c.decode(wire)
		}
	})
}

func BenchmarkBoth(b *testing.B) {
	each(b, func(b *testing.B, c codec, v any, wire []byte) {
		buf := make([]byte, 0, 2*len(wire))
		for b.Loop() {
			c.decode(c.encode(buf, v))
		}
	})
}

func each(b *testing.B, f func(b *testing.B, c codec, v any, wire []byte)) {
	o := item.Example(lines)
	for _, c := range codecs {
		b.Run(c.name, func(b *testing.B) {
			v := c.make(o)
			wire := c.encode(nil, v)
			b.SetBytes(int64(len(wire)))
			b.ReportAllocs()
			f(b, c, v, wire)
		})
	}
}
