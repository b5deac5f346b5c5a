package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/plugin"
)

var app = tenon.App{Name: "test"}

var contract = &tenon.Contract{Name: "test.Echo", Methods: []tenon.Method{{Name: "Echo"}, {Name: "Do"}}}

type server struct{}

func (server) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	if method == 0 {
		s.Out().WriteRaw(m.Raw())
		return nil
	}
	switch string(m.Raw()) {
	case "log":
		slog.Info("hello", "x", 1)
	case "print":
		fmt.Println("printed")
	case "panic":
		panic("at the disco")
	case "die":
		go panic("for real")
		select {}
	case "exit":
		os.Exit(7)
	case "hang":
		select {}
	}
	return nil
}

func TestMain(m *testing.M) {
	if os.Getenv("TENON_PLUGIN") != "" {
		plugin.Main(app, tenon.Service{Contract: contract, Server: server{}})
	}
	os.Exit(m.Run())
}

func call(p *host.Plugin, method int, text string) (string, error) {
	ref, err := contract.Bind(p)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := ref.Open(ctx, method)
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteRaw([]byte(text))
	m, err := s.Call()
	if err != nil {
		return "", err
	}
	return string(m.Raw()), nil
}

func TestSmoke(t *testing.T) {
	var out, logged bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := host.Start(context.Background(), host.Config{App: app, Cmd: cmd, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := call(p, 0, "hi"); got != "hi" {
		t.Fatal(got, err)
	}
	fmt.Println(call(p, 1, "log"))
	fmt.Println(call(p, 1, "print"))
	_, err = call(p, 1, "panic")
	var e *tenon.Error
	fmt.Println(err, errors.As(err, &e), e.Stack)
	start := time.Now()
	_, err = call(p, 1, "die")
	fmt.Println(err, time.Since(start))
	var x *host.ExitError
	errors.As(err, &x)
	fmt.Printf("%+v\n", x)
	fmt.Println(p.Stop(context.Background()))
	fmt.Println(out.String(), logged.String())
}
