// Command goplugin is a plugin and a host of HashiCorp's go-plugin, of whichever
// version it is built with:
//
//	goplugin serve [netrpc | both]          is a plugin
//	goplugin check [flags] program [args]   runs a plugin, and makes all checks
//	goplugin choose [flags] program [args]  runs one that speaks both protocols
//	goplugin probe [flags] program [args]   runs a plugin that may be faulty
//
// A host prints a line of JSON for each check.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/tenon-go/tenon/interop/scenario"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("usage: goplugin serve | check | choose | probe")
	}
	mode, out := args[0], json.NewEncoder(os.Stdout)
	if mode == "serve" {
		return serve(strings.Join(args[1:], ""))
	}
	var h hosting
	var f scenario.Facts
	var dial uint
	flags := flag.NewFlagSet(mode, flag.ContinueOnError)
	flags.BoolVar(&h.autoMTLS, "automtls", false, "encrypt")
	flags.BoolVar(&f.NetRPC, "netrpc", false, "speak net/rpc")
	flags.BoolVar(&f.Own, "own", false, "host and plugin have certificates of their own")
	flags.BoolVar(&h.multiplex, "multiplex", false, "multiplex the broker")
	flags.BoolVar(&f.BrokerOff, "nobroker", false, "leave out what needs the broker")
	flags.IntVar(&f.MaxSend, "maxsend", 1<<20, "bytes that the plugin takes")
	flags.BoolVar(&f.Contract, "contract", false, "the plugin has a contract of Tenon's")
	flags.UintVar(&dial, "dial", 0, "id that a probe dials")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	h.command, h.own = flags.Args(), f.Own
	if f.NetRPC {
		h.protocol = "netrpc"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	report := func(r scenario.Report) { out.Encode(r) }
	switch mode {
	case "check":
		scenario.Run(ctx, h.start, f, report)
	case "choose":
		h.choose(ctx, report)
	case "probe":
		out.Encode(scenario.Probe(ctx, h.start, uint32(dial)))
		h.killAll()
	default:
		return fmt.Errorf("%q is not something that goplugin does", mode)
	}
	return nil
}

var handshake = goplugin.HandshakeConfig{ProtocolVersion: scenario.Newest, MagicCookieKey: scenario.CookieKey, MagicCookieValue: scenario.CookieValue}

// broker is go-plugin's, in the words of the scenario.
type broker struct{ *goplugin.GRPCBroker }

func (b broker) Next() uint32 { return b.NextId() }

func (b broker) Dial(_ context.Context, id uint32) (grpc.ClientConnInterface, func(), error) {
	cc, err := b.GRPCBroker.Dial(id)
	if err != nil {
		return nil, nil, err
	}
	return cc, func() { cc.Close() }, nil
}

func (b broker) Serve(id uint32, register func(scenario.Registrar)) (func(), error) {
	servers := make(chan *grpc.Server, 1)
	go func() {
		defer close(servers)
		b.AcceptAndServe(id, func(opts []grpc.ServerOption) *grpc.Server {
			s := grpc.NewServer(opts...)
			register(s)
			servers <- s
			return s
		})
	}()
	s, ok := <-servers
	if !ok {
		return nil, errors.New("not served")
	}
	return s.Stop, nil
}
