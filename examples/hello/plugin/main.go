package main

import (
	"context"
	"log/slog"

	"github.com/tenon-go/tenon/examples/hello"
	"github.com/tenon-go/tenon/plugin"
)

type greeter struct{}

func (greeter) Greet(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", hello.ErrNobody
	}
	slog.Info("greeting", "name", name) // arrives at the host's logger
	return "Hello, " + name + "!", nil
}

func main() {
	plugin.Main(hello.App, hello.ServeGreeter(greeter{}))
}
