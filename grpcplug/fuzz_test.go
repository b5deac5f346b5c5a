package grpcplug

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/handshake"
)

func FuzzCertificate(f *testing.F) {
	f.Add(encoded(mustCertificate()))
	f.Add(strings.Repeat("A", 80))
	f.Fuzz(func(t *testing.T, field string) {
		l, err := handshake.ParseLine([]byte("1|1|unix|/x|grpc|" + field))
		if err != nil || l.Certificate == nil {
			return
		}
		pool, err := poolOfDER(l.Certificate)
		if (pool == nil) != (err != nil) {
			t.Errorf("%v, %v", pool, err)
		}
		a := &attempt{cfg: Protocol{AutoMTLS: true}}
		if c, err := a.Trust(l); (c == nil) != (err != nil) {
			t.Errorf("%v, %v", c, err)
		}
	})
}

// The plugin's side of the same: what a host says in the environment.
func FuzzEnvironment(f *testing.F) {
	f.Add("1,2,3", "10000", "25000", "true", toPEM(mustCertificate()))
	f.Add("x,,1", "65536", "-1", "maybe", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, versions, low, high, mux, cert string) {
		w, err := readWish(func(name string) string {
			return map[string]string{envVersions: versions, envMinPort: low, envMaxPort: high, envMultiplex: mux, envCert: cert}[name]
		})
		if err != nil {
			_ = err.Error()
			return
		}
		if v := w.choose([]int{3, 1}); v != 1 && v != 3 {
			t.Errorf("version %d", v)
		}
		if w.minPort > w.maxPort || w.maxPort > 65535 || w.minPort < 0 {
			t.Errorf("ports %d to %d", w.minPort, w.maxPort)
		}
		if pool, err := poolOfPEM(w.cert); (pool == nil) != (err != nil) {
			t.Errorf("%v, %v", pool, err)
		}
	})
}

// listeners are brokers of both kinds that talk to nobody: of each there is one
// that multiplexes, which listens for id 1 and has knocked for id 2.
func listeners(f *testing.F) []*Broker {
	socket := newBroker(&options{limit: 1 << 20}, nil, nil)
	a, _ := muxPair(f)
	f.Cleanup(a.close)
	muxed := newBroker(&options{limit: 1 << 20}, nil, a)
	if _, err := muxed.Accept(1); err != nil {
		f.Fatal(err)
	}
	for _, b := range []*Broker{socket, muxed} {
		b.st.met, b.st.hangUp = true, func() {}
		close(b.st.attached)
		f.Cleanup(b.close)
	}
	return []*Broker{socket, muxed}
}

// Whatever another broker says, one that hears it goes on, waits for nobody and
// keeps a bounded part of it.
func FuzzBrokerMessages(f *testing.F) {
	for _, c := range []connInfo{
		{id: 1, network: "unix", address: "/x"}, {id: 1, knock: &knock{knock: true}}, {id: 9, knock: &knock{knock: true}},
		{id: 2, knock: &knock{knock: true, ack: true}}, {id: 2, knock: &knock{knock: true, ack: true, err: "no"}},
		{id: 3, knock: &knock{knock: true, ack: true}}, {id: 4, knock: &knock{ack: true}}, {},
	} {
		f.Add(c.encode())
	}
	f.Add([]byte{0x22, 0xff})
	f.Add([]byte{0x22, 0, 0x22, 2, 0x08, 1, 0x22, 2, 0x10, 1}) // a knock in pieces
	brokers := listeners(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeConnInfo(data)
		if err != nil {
			return
		}
		for _, b := range brokers {
			heard := make(chan connInfo, 1)
			b.mu.Lock()
			b.st.acks[2] = heard
			b.mu.Unlock()
			b.hear(c)
			for len(b.out) > 0 {
				// It may be for an earlier knock, of which the time was over.
				if reply := <-b.out; reply.knock == nil || !reply.knock.ack {
					t.Errorf("%+v is answered with %+v", c, reply)
				}
			}
			checkBounds(t, b)
		}
		again, err := decodeConnInfo(c.encode())
		if err != nil || again.id != c.id || again.network != c.network || again.address != c.address || (again.knock == nil) != (c.knock == nil) {
			t.Errorf("%+v became %+v, %v", c, again, err)
		}
	})
}

func checkBounds(t *testing.T, b *Broker) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := &b.st; len(s.places) > maxPending || len(s.order) != len(s.places) || len(s.knocks) > maxPending || len(s.late) > maxPending || len(s.acks) > 1 {
		t.Errorf("%d places, %d in order, %d knocks, %d late, %d acks", len(s.places), len(s.order), len(s.knocks), len(s.late), len(s.acks))
	}
}

// What a broker of ours says is what protobuf's own code reads, whatever is in it.
func FuzzBrokerSays(f *testing.F) {
	f.Add(uint32(1), "unix", "/x", true, true, true, "no")
	f.Add(uint32(0), "", "", false, false, false, "")
	f.Add(uint32(1<<32-1), "tcp", "127.0.0.1:1", true, false, true, "")
	f.Fuzz(func(t *testing.T, id uint32, network, address string, has, is, ack bool, text string) {
		for _, s := range []string{network, address, text} {
			if !utf8.ValidString(s) {
				return // which nobody may send
			}
		}
		c := connInfo{id: id, network: network, address: address}
		if has {
			c.knock = &knock{is, ack, text}
		}
		m := asProtobuf(t, "plugin.ConnInfo", c.encode())
		get := func(name protoreflect.Name) protoreflect.Value { return m.Get(m.Descriptor().Fields().ByName(name)) }
		if get("service_id").Uint() != uint64(id) || get("network").String() != network || get("address").String() != address {
			t.Errorf("%+v became %v", c, m)
		}
		k := m.Descriptor().Fields().ByName("knock")
		if m.Has(k) != has {
			t.Fatalf("%+v became %v", c, m)
		}
		sub := m.Get(k).Message()
		field := func(name protoreflect.Name) protoreflect.Value { return sub.Get(k.Message().Fields().ByName(name)) }
		if has && (field("knock").Bool() != is || field("ack").Bool() != ack || field("error").String() != text) {
			t.Errorf("%+v became %v", c, m)
		}
	})
}

func asProtobuf(t *testing.T, name protoreflect.FullName, b []byte) *dynamicpb.Message {
	t.Helper()
	d, err := goPluginFiles().FindDescriptorByName(name)
	if err != nil {
		t.Fatal(err)
	}
	m := dynamicpb.NewMessage(d.(protoreflect.MessageDescriptor))
	if err := proto.Unmarshal(b, m); err != nil || len(m.GetUnknown()) > 0 {
		t.Errorf("%x: %v, unknown %x", b, err, m.GetUnknown())
	}
	return m
}

func FuzzStdioData(f *testing.F) {
	f.Add(stdioData{stdoutChannel, []byte("hello\n")}.encode())
	f.Add([]byte{0x12, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := decodeStdioData(data)
		if err != nil {
			return
		}
		again, err := decodeStdioData(d.encode())
		if err != nil || again.channel != d.channel || !bytes.Equal(again.data, d.data) {
			t.Errorf("%+v became %+v, %v", d, again, err)
		}
	})
}

// What another side says that it offers, and what it gives up, may be anything.
func FuzzRefsService(f *testing.F) {
	f.Add([]byte{0x0a, 4, 0x0a, 2, 'k', 'v'})
	f.Add([]byte{0x08, 1, 0x08, 1, 0x08, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		o := new(offering)
		o.read(data)
		if o.known && o.list == nil {
			t.Error("known, and there is no list")
		}
		r := newRefs(tenon.Limits{})
		x := newCallRefs(context.Background(), stub{refs: r}, echoContract)
		if _, err := x.Export(echoService(), true); err != nil {
			t.Fatal(err)
		}
		(&exporter{refs: r}).release(data)
	})
}
