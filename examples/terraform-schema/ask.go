package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin5"
	"github.com/tenon-go/tenon/examples/terraform-schema/pb/tfplugin6"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
)

// app is what Terraform and its providers agree on. Terraform calls its versions
// protocols.
var app = tenon.App{
	Name:     "terraform-provider",
	Version:  6,
	Versions: []int{5},
	Cookie:   "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
}

var (
	protocol5 = grpcplug.Service(tfplugin5.NewProviderClient, tfplugin5.RegisterProviderServer)
	protocol6 = grpcplug.Service(tfplugin6.NewProviderClient, tfplugin6.RegisterProviderServer)
)

// maxMessage is the size in bytes of the largest answer. The schemas of the
// largest providers have some tens of MB; providers themselves send and take no
// more than this.
const maxMessage = 256 << 20

// An answer is what a provider said.
type answer struct {
	name       string
	version    int
	schemas    *tfplugin6.GetProviderSchema_Response
	identities *tfplugin6.GetResourceIdentitySchemas_Response
}

// ask starts a provider, has it answer, and stops it.
func ask(ctx context.Context, req request) (*answer, error) {
	p, err := host.Start(ctx, config(req))
	if err != nil {
		return nil, err
	}
	// How it leaves is no concern of who has the answer, and who has none gets to
	// know by the call that failed.
	defer p.Stop(ctx)
	client, err := open(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("%s speaks protocol %d, and offers no provider: %w", req.provider[0], p.Info().Version, err)
	}
	a := &answer{name: providerName(req.provider[0]), version: p.Info().Version}
	if err := a.fill(ctx, client); err != nil {
		return nil, fmt.Errorf("asking provider %s for its schemas: %w", a.name, reason(ctx, p, err))
	}
	return a, refusal(a.name, a.diagnostics())
}

func config(req request) host.Config {
	return host.Config{
		App:       app,
		Cmd:       exec.Command(req.provider[0], req.provider[1:]...),
		Name:      filepath.Base(req.provider[0]),
		Protocols: []host.Protocol{grpcplug.Protocol{AutoMTLS: true}},
		Limits:    tenon.Limits{Message: maxMessage},
		// What is wrong, providers say in their answers as well.
		Logger: slog.New(slog.DiscardHandler),
		// As Terraform does: a provider that wants a variable of its own gets it here
		// too.
		InheritEnv: true,
		// The context ends before, with an error that says what to do.
		StartTimeout: 2 * req.timeout,
	}
}

// open returns a client of protocol 6, whichever the provider speaks.
func open(ctx context.Context, p *host.Plugin) (tfplugin6.ProviderClient, error) {
	if p.Info().Version == 5 {
		client, err := protocol5.Open(ctx, p)
		return older{client}, err
	}
	return protocol6.Open(ctx, p)
}

func (a *answer) fill(ctx context.Context, client tfplugin6.ProviderClient) (err error) {
	if a.schemas, err = client.GetProviderSchema(ctx, &tfplugin6.GetProviderSchema_Request{}); err != nil {
		return err
	}
	a.identities, err = client.GetResourceIdentitySchemas(ctx, &tfplugin6.GetResourceIdentitySchemas_Request{})
	if status.Code(err) == codes.Unimplemented {
		a.identities, err = nil, nil // the provider was built before there were any
	}
	return err
}

func (a *answer) diagnostics() []*tfplugin6.Diagnostic {
	return slices.Concat(a.schemas.GetDiagnostics(), a.identities.GetDiagnostics())
}

// reason returns why a call failed. gRPC's own errors don't say that the time was
// up, or that the provider crashed, but which socket was closed then.
func reason(ctx context.Context, p *host.Plugin, err error) error {
	switch status.Code(err) {
	case codes.Unavailable:
		select {
		case <-p.Done():
			return cmp.Or(p.Err(), err)
		case <-ctx.Done():
		}
	case codes.DeadlineExceeded:
		// gRPC tells the provider how long it has, so it may be the first to notice.
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < time.Second {
			<-ctx.Done()
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// explain has the error of a provider that did not start say what to try with
// providers: the host speaks of plugins, and of what their authors can do.
func explain(err error) error {
	var start *host.StartError
	if !errors.As(err, &start) || start.Stage != host.StageHandshake || crashed(start.Exit) {
		return err
	}
	better := *start
	better.Hint = "is it the program of a Terraform provider, for Terraform 0.12 or newer? Run by hand, such a program says that it is a plugin"
	return &better
}

func crashed(e *host.Exit) bool { return e != nil && (e.Signal != nil || e.Panic != "") }

// providerName is what Terraform calls the provider of a program, as far as the
// name of its file tells: terraform-provider-time_v0.14.2_x5 is time.
func providerName(program string) string {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	name = strings.TrimPrefix(name, "terraform-provider-")
	name, _, _ = strings.Cut(name, "_v")
	return name
}
