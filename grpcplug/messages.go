package grpcplug

import "github.com/tenon-go/tenon"

// The services that every plugin of go-plugin has, and their methods.
const (
	brokerService     = "plugin.GRPCBroker"
	brokerStream      = "StartStream"
	controllerService = "plugin.GRPCController"
	shutdownMethod    = "Shutdown"
	stdioService      = "plugin.GRPCStdio"
	stdioStream       = "StreamStdio"

	// healthName is what the health service is asked for.
	healthName = "plugin"
)

// connInfo is what brokers tell each other:
//
//	message ConnInfo {
//	  uint32 service_id = 1;
//	  string network = 2;
//	  string address = 3;
//	  Knock knock = 4;
//	}
//
//	message Knock {
//	  bool knock = 1;
//	  bool ack = 2;
//	  string error = 3;
//	}
//
// Without a knock it says where an id is served. With one, and without ack, it
// asks whether the next connection may be for the id; with ack it answers.
type connInfo struct {
	id               uint32
	network, address string
	knock            *knock
}

type knock struct {
	knock, ack bool
	err        string
}

func (c connInfo) encode() []byte {
	var m tenon.Message
	if c.id != 0 {
		m.WriteUint(1, uint64(c.id))
	}
	writeText(&m, 2, c.network)
	writeText(&m, 3, c.address)
	if k := c.knock; k != nil {
		mark := m.Begin(4)
		writeTrue(&m, 1, k.knock)
		writeTrue(&m, 2, k.ack)
		writeText(&m, 3, k.err)
		m.End(mark)
	}
	return m.Raw()
}

func decodeConnInfo(b []byte) (connInfo, error) {
	var c connInfo
	var m tenon.Message
	m.Load(b, nil)
	for m.Next() {
		switch m.Field() {
		case 1:
			c.id = uint32(m.ReadUint())
		case 2:
			c.network = m.ReadString()
		case 3:
			c.address = m.ReadString()
		case 4:
			if c.knock == nil {
				c.knock = new(knock)
			}
			readKnock(&m, c.knock)
		}
	}
	if err := m.Err(); err != nil {
		return connInfo{}, &Error{Problem: BadBrokerMessage, Err: err}
	}
	return c, nil
}

func readKnock(m *tenon.Message, k *knock) {
	var sub tenon.Message
	m.ReadMessage(&sub)
	for sub.Next() {
		switch sub.Field() {
		case 1:
			k.knock = sub.ReadBool()
		case 2:
			k.ack = sub.ReadBool()
		case 3:
			k.err = sub.ReadString()
		}
	}
	m.Check(&sub)
}

// The channels of stdioData.
const (
	stdoutChannel = 1
	stderrChannel = 2
)

// stdioData is a piece of a plugin's output:
//
//	message StdioData {
//	  Channel channel = 1;   // 1 stdout, 2 stderr
//	  bytes data = 2;
//	}
type stdioData struct {
	channel uint64
	data    []byte
}

func (d stdioData) encode() []byte {
	var m tenon.Message
	m.WriteUint(1, d.channel)
	m.WriteBytes(2, d.data)
	return m.Raw()
}

func decodeStdioData(b []byte) (stdioData, error) {
	var d stdioData
	var m tenon.Message
	m.Load(b, nil)
	for m.Next() {
		switch m.Field() {
		case 1:
			d.channel = m.ReadUint()
		case 2:
			d.data = m.ReadView()
		}
	}
	return d, m.Err()
}

func writeText(m *tenon.Message, field int32, s string) {
	if s != "" {
		m.WriteString(field, s)
	}
}

func writeTrue(m *tenon.Message, field int32, v bool) {
	if v {
		m.WriteBool(field, v)
	}
}
