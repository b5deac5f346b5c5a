package host_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/example/greet"
	"github.com/tenon-go/tenon/plugin"
)

// A polite greeter is what the examples run.
type polite struct{}

func (polite) Greet(ctx context.Context, name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("greeter: %w", greet.ErrNobody)
	}
	return "Hello, " + name + "!", nil
}

// greeter starts it in this process, so that the examples can be run.
func greeter(ctx context.Context) (*host.Plugin, error) {
	return host.Start(ctx, host.Config{
		App:       greet.App,
		InProcess: plugin.InProcess(plugin.Config{App: greet.App, Services: []tenon.Service{greet.ServeGreeter(polite{})}}),
	})
}

func ExampleStart() {
	ctx := context.Background()
	p, err := host.Start(ctx, host.Config{App: greet.App, Cmd: exec.Command("./greeter")})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Stop(ctx)
	g, err := greet.OpenGreeter(ctx, p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Greet(ctx, "world"))
}

func ExampleStart_inProcess() {
	ctx := context.Background()
	p, err := host.Start(ctx, host.Config{
		App: greet.App,
		InProcess: plugin.InProcess(plugin.Config{
			App:      greet.App,
			Services: []tenon.Service{greet.ServeGreeter(polite{})},
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Stop(ctx)
	g, err := greet.OpenGreeter(ctx, p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Greet(ctx, "world"))
	// Output: Hello, world! <nil>
}

// Everything that can be said about how a plugin is started.
func ExampleConfig() {
	cmd := exec.Command("./greeter", "-v")
	cmd.Dir = "/srv/greeter"
	cmd.Env = []string{"GREETER_TOKEN=secret"} // added to a short list of the host's variables
	cmd.Stderr = os.Stdout                     // handed over as it is
	_, err := host.Start(context.Background(), host.Config{
		App:          greet.App,
		Cmd:          cmd,
		Name:         "greeter",
		Logger:       slog.New(slog.NewJSONHandler(os.Stdout, nil)),
		LogLevel:     slog.LevelDebug,
		StartTimeout: 5 * time.Second,
		Limits:       tenon.Limits{Message: 4 << 20},
	})
	var failed *host.StartError
	if errors.As(err, &failed) {
		fmt.Println(failed.Stage, failed.Path, failed.Hint)
	}
}

// An error that the plugin returned, a lost connection and a crash are three
// types.
func ExampleExitError() {
	ctx := context.Background()
	p, err := greeter(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Stop(ctx)
	g, err := greet.OpenGreeter(ctx, p)
	if err != nil {
		log.Fatal(err)
	}

	_, err = g.Greet(ctx, "")
	var (
		answered *tenon.Error
		lost     *tenon.TransportError
		crashed  *host.ExitError
	)
	switch {
	case errors.As(err, &crashed):
		fmt.Println("start it again:", crashed.Exit.Panic, crashed.Exit.Last)
	case errors.As(err, &lost):
		fmt.Println("was it carried out? surely not:", lost.Unsent)
	case errors.As(err, &answered):
		fmt.Println(answered, errors.Is(err, greet.ErrNobody))
	}
	// Output: greeter: nobody to greet true
}

func ExamplePlugin_Stop() {
	p, err := greeter(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	// The plugin is asked first, and killed when two seconds have passed.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	fmt.Println(p.Stop(ctx))
	// Output: <nil>
}

// An optional method is asked for before it is called.
func ExamplePlugin_Offers() {
	p, err := greeter(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Stop(context.Background())
	methods, ok := p.Offers("greet.Greeter")
	fmt.Println(methods, ok)
	// Output: [Greet] true
}
