package plugin

import (
	"errors"
	"io"
	"log"
	"net"
	"net/rpc"
	"sync"

	"github.com/tenon-go/tenon/compat/goplugin/internal/netrpc"
)

// MuxBroker makes further connections between a host and a plugin that speak
// net/rpc, either way. Each has an id, which one side makes up, accepts, and tells
// the other, usually as an argument of a call. It is given to both methods of a
// Plugin. Its methods are safe for concurrent use.
type MuxBroker struct {
	broker *netrpc.Broker

	sync.Mutex // of no use, but part of go-plugin's API
}

// Accept returns the connection that the other side makes to id. It waits five
// seconds for it.
func (m *MuxBroker) Accept(id uint32) (net.Conn, error) { return m.broker.Accept(id) }

// AcceptAndServe accepts a connection to id and serves v on it, under the name
// "Plugin", until the connection ends. What goes wrong is logged with package log.
func (m *MuxBroker) AcceptAndServe(id uint32, v interface{}) {
	c, err := m.Accept(id)
	if errors.Is(err, netrpc.ErrClosed) {
		return // as with most ids when a plugin is killed
	}
	if err != nil {
		log.Printf("[ERR] plugin: plugin acceptAndServe error: %s", err)
		return
	}
	serveRPC(c, v)
}

func serveRPC(c io.ReadWriteCloser, v interface{}) {
	server := rpc.NewServer()
	if err := server.RegisterName(netrpc.ServiceName, v); err != nil {
		log.Printf("[ERR] go-plugin: plugin dispense error: %s", err)
		c.Close()
		return
	}
	server.ServeConn(c)
}

// Close ends the connection that all others share.
func (m *MuxBroker) Close() error { return m.broker.Close() }

// Dial returns a connection to what the other side accepts, or is about to accept,
// under id.
func (m *MuxBroker) Dial(id uint32) (net.Conn, error) { return m.broker.Dial(id) }

// NextId returns an id that this side has not used yet, unless it has used four
// billion.
func (m *MuxBroker) NextId() uint32 { return m.broker.NextID() }

// Run returns when the connection has ended. The package calls it itself.
func (m *MuxBroker) Run() { m.broker.Run() }
