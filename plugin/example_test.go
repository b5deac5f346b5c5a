package plugin_test

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/internal/example/greet"
	"github.com/tenon-go/tenon/plugin"
)

type greeter struct{}

func (greeter) Greet(ctx context.Context, name string) (string, error) {
	slog.Info("greeting", "name", name) // arrives at the host's logger
	return "Hello, " + name + "!", nil
}

// The whole main function of a plugin.
func ExampleMain() {
	plugin.Main(greet.App, greet.ServeGreeter(greeter{}))
}

func ExampleMainConfig() {
	plugin.MainConfig(plugin.Config{
		App:      greet.App,
		Release:  "1.4.2",
		Services: []tenon.Service{greet.ServeGreeter(greeter{})},
		Init: func(context.Context) error {
			_, err := os.Stat("greetings.txt")
			return err // what the host's StartError says
		},
		OnStop: func(context.Context) { log.Print("good bye") },
	})
}
