// Command pair is a host and a plugin of go-plugin, whichever the build links under
// that name. The test of this module builds it with the real one and with the shim,
// and has each run each.
//
//	pair host PLUGIN PROTOCOL [mtls] [mux]
//	pair plugin PROTOCOL
package main

import (
	"bytes"
	"context"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

var handshake = plugin.HandshakeConfig{ProtocolVersion: 3, MagicCookieKey: "PAIR", MagicCookieValue: "pair"}

func main() {
	switch args := os.Args[1:]; {
	case len(args) >= 3 && args[0] == "host":
		if err := host(args[1], args[2], args[3:]); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	case len(args) == 2 && args[0] == "plugin":
		serve(args[1])
	default:
		fmt.Fprintln(os.Stderr, "usage: pair host PLUGIN PROTOCOL [mtls] [mux] | pair plugin PROTOCOL")
		os.Exit(2)
	}
}

func serve(protocol string) {
	c := &plugin.ServeConfig{HandshakeConfig: handshake, Plugins: plugin.PluginSet{"talker": talkerPlugin{}}}
	if protocol == "grpc" {
		c.GRPCServer = plugin.DefaultGRPCServer
	}
	plugin.Serve(c)
}

// host says what it sees.
func host(path, protocol string, options []string) error {
	var out, errs, log output
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake, Plugins: plugin.PluginSet{"talker": talkerPlugin{}},
		Cmd:              exec.Command(path, "plugin", protocol),
		AllowedProtocols: []plugin.Protocol{plugin.Protocol(protocol)},
		AutoMTLS:         slices.Contains(options, "mtls"), GRPCBrokerMultiplex: slices.Contains(options, "mux"),
		Logger:     hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace}),
		SyncStdout: &out, SyncStderr: &errs,
	})
	defer client.Kill()
	p, err := client.Client()
	if err != nil {
		return err
	}
	fmt.Println("version", client.NegotiatedVersion(), "protocol", client.Protocol(), "ping", p.Ping())
	raw, err := p.Dispense("talker")
	if err != nil {
		return err
	}
	t := raw.(talker)
	if err := talk(t); err != nil {
		return err
	}
	out.await("out\n")
	errs.await("err\n")
	log.await("logged: key=value")
	fmt.Printf("stdout %q stderr %q\n", out.String(), errs.String())
	client.Kill()
	fmt.Println("exited", client.Exited())
	fmt.Println("forced", strings.Contains(log.String(), "failed to exit gracefully"))
	return nil
}

func talk(t talker) error {
	for _, text := range []string{"hello", strings.Repeat("x", 1<<20)} {
		answer, err := t.Say(text)
		if err != nil {
			return err
		}
		fmt.Println("answer", len(answer), answer[:min(len(answer), 20)])
	}
	for range 2 {
		answer, err := t.Say(fmt.Sprintf("call %d", t.serve(echo{"host"})))
		if err != nil {
			return err
		}
		fmt.Println("the plugin calls:", answer)
	}
	_, err := t.Say("fail")
	fmt.Println("error", strings.Contains(fmt.Sprint(err), "as it was told"))
	return nil
}

// A talker answers.
type talker interface {
	Say(string) (string, error)
	serve(sayer) (id uint32)
}

type sayer interface{ Say(string) (string, error) }

type echo struct{ name string }

func (e echo) Say(text string) (string, error) { return e.name + ": " + text, nil }

// A speaker is what the plugin serves.
type speaker struct {
	dial func(id uint32) (sayer, error)
}

func (s speaker) Say(text string) (string, error) {
	var id uint32
	switch {
	case text == "fail":
		return "", fmt.Errorf("failed as it was told")
	case text == "hello":
		fmt.Println("out")
		fmt.Fprintln(os.Stderr, "err")
		logger.Info("logged", "key", "value")
	}
	if n, _ := fmt.Sscanf(text, "call %d", &id); n == 1 {
		other, err := s.dial(id)
		if err != nil {
			return "", err
		}
		return other.Say("from the plugin")
	}
	return echo{"plugin"}.Say(text)
}

var logger = hclog.New(&hclog.LoggerOptions{Output: os.Stderr, JSONFormat: true})

type talkerPlugin struct{}

func (talkerPlugin) Server(b *plugin.MuxBroker) (interface{}, error) {
	return &rpcServer{speaker{func(id uint32) (sayer, error) {
		c, err := b.Dial(id)
		if err != nil {
			return nil, err
		}
		return rpcClient{rpc.NewClient(c), b}, nil
	}}}, nil
}

func (talkerPlugin) Client(b *plugin.MuxBroker, c *rpc.Client) (interface{}, error) {
	return rpcClient{c, b}, nil
}

func (talkerPlugin) GRPCServer(b *plugin.GRPCBroker, s *grpc.Server) error {
	register(s, speaker{func(id uint32) (sayer, error) {
		cc, err := b.Dial(id)
		return grpcClient{cc, b}, err
	}})
	return nil
}

func (talkerPlugin) GRPCClient(_ context.Context, b *plugin.GRPCBroker, cc *grpc.ClientConn) (interface{}, error) {
	return grpcClient{cc, b}, nil
}

type rpcServer struct{ sayer }

func (s *rpcServer) Talk(text string, answer *string) (err error) {
	*answer, err = s.Say(text)
	return err
}

type rpcClient struct {
	*rpc.Client
	broker *plugin.MuxBroker
}

func (c rpcClient) Say(text string) (answer string, err error) {
	err = c.Call("Plugin.Talk", text, &answer)
	return answer, err
}

func (c rpcClient) serve(s sayer) uint32 {
	id := c.broker.NextId()
	go c.broker.AcceptAndServe(id, &rpcServer{s})
	return id
}

type grpcClient struct {
	cc     *grpc.ClientConn
	broker *plugin.GRPCBroker
}

func (c grpcClient) Say(text string) (string, error) {
	answer := new(wrapperspb.StringValue)
	err := c.cc.Invoke(context.Background(), "/pair.Talker/Say", wrapperspb.String(text), answer)
	return answer.Value, err
}

func (c grpcClient) serve(s sayer) uint32 {
	id := c.broker.NextId()
	go c.broker.AcceptAndServe(id, func(opts []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(opts...)
		register(server, s)
		return server
	})
	return id
}

func register(server *grpc.Server, s sayer) {
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "pair.Talker", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Say", Handler: func(_ any, _ context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			answer, err := s.Say(in.Value)
			return wrapperspb.String(answer), err
		}}},
	}, struct{}{})
}

// An output is written to and read at the same time.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the output has the text, ten seconds at most.
func (o *output) await(text string) {
	for until := time.Now().Add(10 * time.Second); !strings.Contains(o.String(), text) && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
}
