package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
)

// A MuxBroker is that of net/rpc, whose connections are plain ones.
type MuxBroker interface {
	Accept(id uint32) (net.Conn, error)
	AcceptAndServe(id uint32, v any)
	Dial(id uint32) (net.Conn, error)
	NextId() uint32
}

// An RPCGreeter is what plugins serve over net/rpc: its methods are the service.
type RPCGreeter struct{ with RPCWith }

// RPCWith is what an RPCGreeter needs.
type RPCWith struct {
	Broker  MuxBroker
	Version int
	Log     func(string)
	Secured func() int // how many connections were encrypted; nil: that is not known
}

// NewRPCGreeter returns a greeter of a plugin.
func NewRPCGreeter(with RPCWith) *RPCGreeter { return &RPCGreeter{with} }

// A Visit is an argument and a result.
type Visit struct {
	Who   []string
	Words map[string]string
}

// Greet has a word for each visitor.
func (g *RPCGreeter) Greet(in Visit, out *Visit) error {
	out.Who, out.Words = in.Who, map[string]string{}
	for _, who := range in.Who {
		out.Words[who] = in.Words["hello"] + ", " + who
	}
	return nil
}

// Fail fails.
func (g *RPCGreeter) Fail(text string, _ *string) error { return errors.New(text) }

// Version says which version is served.
func (g *RPCGreeter) Version(_ bool, out *int) error { *out = g.with.Version; return nil }

// Pid says which process it is.
func (g *RPCGreeter) Pid(_ bool, out *int) error { *out = os.Getpid(); return nil }

// Secured says how many connections were encrypted.
func (g *RPCGreeter) Secured(_ bool, out *int) error { *out = g.with.Secured(); return nil }

// Large returns as much as it is given, and not the same.
func (g *RPCGreeter) Large(in []byte, out *[]byte) error { *out = inverted(in); return nil }

// A Page is what a plugin prints.
type Page struct{ Out, Err []byte }

// Print prints.
func (g *RPCGreeter) Print(p Page, _ *bool) error {
	_, err := os.Stdout.Write(p.Out)
	_, second := os.Stderr.Write(p.Err)
	return errors.Join(err, second)
}

// Log logs.
func (g *RPCGreeter) Log(text string, _ *bool) error { g.with.Log(text); return nil }

// Back calls what the host accepts under an id.
func (g *RPCGreeter) Back(id uint32, out *string) (err error) {
	*out, err = askRPC(g.with.Broker, id, "the plugin")
	return err
}

// Offer accepts an id, and serves something there.
func (g *RPCGreeter) Offer(_ bool, id *uint32) error {
	*id = g.with.Broker.NextId()
	go g.with.Broker.AcceptAndServe(*id, &RPCBack{"plugin"})
	return nil
}

// Mirror accepts an id, and sends back what comes from there.
func (g *RPCGreeter) Mirror(_ bool, id *uint32) error {
	*id = g.with.Broker.NextId()
	go func() {
		if c, err := g.with.Broker.Accept(*id); err == nil {
			mirror(c)
		}
	}()
	return nil
}

// MirrorTo dials an id, and sends back what comes from there.
func (g *RPCGreeter) MirrorTo(id uint32, _ *bool) error {
	c, err := g.with.Broker.Dial(id)
	if err == nil {
		go mirror(c)
	}
	return err
}

// Wait dials an id, which shows that it waits, and does so for ever.
func (g *RPCGreeter) Wait(id uint32, _ *bool) error {
	if _, err := g.with.Broker.Dial(id); err != nil {
		return err
	}
	select {}
}

// RPCBack is what either side serves by way of the broker.
type RPCBack struct{ who string }

// Ask answers.
func (b *RPCBack) Ask(who string, out *string) error { *out = b.who + " answers " + who; return nil }

func askRPC(b MuxBroker, id uint32, who string) (out string, err error) {
	c, err := b.Dial(id)
	if err != nil {
		return "", err
	}
	client := rpc.NewClient(c)
	defer client.Close()
	err = client.Call("Plugin.Ask", who, &out)
	return out, err
}

// mirror sends everything back inverted, so that nobody reads what they wrote.
func mirror(c net.Conn) {
	defer c.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := c.Read(b)
		if _, bad := c.Write(inverted(b[:n])); bad != nil || err != nil {
			return
		}
	}
}

func inverted(in []byte) []byte {
	out := make([]byte, len(in))
	for i, b := range in {
		out[i] = ^b
	}
	return out
}

// Orderly leaves a note that a plugin's main function has ended by itself, which
// one that is killed cannot. TMPDIR is the same for a plugin and its host.
func Orderly() {
	os.WriteFile(note(os.Getpid()), nil, 0o600)
}

func wasOrderly(pid int) error {
	if _, err := os.Stat(note(pid)); err != nil {
		return errors.New(Disorderly)
	}
	return nil
}

// Disorderly is what is said of a plugin that was killed before it had ended.
const Disorderly = "the plugin's main function has not come to its end"

func note(pid int) string { return filepath.Join(os.TempDir(), fmt.Sprint("orderly-", pid)) }

// patterned returns bytes of all values, which are the same nowhere near.
func patterned(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8)*31
	}
	return b
}

// sent writes b to c, and reads as much that has to be b inverted, at the same
// time: neither side holds as much.
func sent(c io.ReadWriteCloser, b []byte) error {
	defer c.Close()
	wrote := make(chan error, 1)
	go func() { _, err := c.Write(b); wrote <- err }()
	got := make([]byte, len(b))
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	if err := <-wrote; err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return same("the bytes that came back", inverted(got), b)
}

func same(what string, got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("%s: byte %d of %d is another", what, i, len(got))
		}
	}
	return fmt.Errorf("%s: %d bytes, not %d", what, len(got), len(want))
}
