package main

import (
	"fmt"

	"github.com/tenon-go/tenon"
	"google.golang.org/protobuf/proto"

	"github.com/tenon-go/tenon/bench/codec/item"
	"github.com/tenon-go/tenon/bench/codec/pb"
)

// A codec encodes an order and decodes it, each time into a new one. All write
// into a buffer that is used again: that is how Tenon sends, and the others can
// do it too.
type codec struct {
	name   string
	make   func(*item.Order) any
	encode func(buf []byte, v any) []byte
	decode func(b []byte) any
}

var codecs = []codec{
	{"tenon", func(o *item.Order) any { return o }, encodeTenon, decodeTenon},
	{"vtprotobuf", message, encodeVT, decodeVT},
	{"google.golang.org/protobuf", message, encodeProto, decodeProto},
}

func encodeTenon(buf []byte, v any) []byte {
	var m tenon.Message
	m.Reset(buf, nil)
	item.Encode(&m, v.(*item.Order))
	return m.Raw()
}

func decodeTenon(b []byte) any {
	var m tenon.Message
	m.Load(b, nil)
	v := new(item.Order)
	must(item.Decode(&m, v))
	return v
}

// message is o as the other two have it.
func message(o *item.Order) any {
	m := &pb.Order{
		Id: o.ID, Number: o.Number, Paid: o.Paid, Total: o.Total, Digest: o.Digest,
		Created: o.Created, Changed: o.Changed, Flags: o.Flags,
		Address: &pb.Address{Name: o.Address.Name, Street: o.Address.Street, City: o.Address.City, Code: o.Address.Code},
	}
	for _, l := range o.Lines {
		m.Lines = append(m.Lines, &pb.Line{Sku: l.SKU, Quantity: l.Quantity, Cents: l.Cents, Gift: l.Gift})
	}
	return m
}

func encodeVT(buf []byte, v any) []byte {
	m := v.(*pb.Order)
	if n := m.SizeVT(); n > cap(buf) {
		buf = make([]byte, n)
	} else {
		buf = buf[:n]
	}
	_, err := m.MarshalToSizedBufferVT(buf)
	must(err)
	return buf
}

func decodeVT(b []byte) any {
	m := new(pb.Order)
	must(m.UnmarshalVT(b))
	return m
}

func encodeProto(buf []byte, v any) []byte {
	b, err := proto.MarshalOptions{}.MarshalAppend(buf, v.(*pb.Order))
	must(err)
	return b
}

func decodeProto(b []byte) any {
	m := new(pb.Order)
	must(proto.Unmarshal(b, m))
	return m
}

func must(err error) {
	if err != nil {
		panic(fmt.Sprint("codec: ", err))
	}
}
