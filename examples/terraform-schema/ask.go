package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"

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
func ask(ctx context.Context, req request, messages io.Writer) (*answer, error) {
	p, err := host.Start(ctx, config(req, messages))
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
	return a, a.fill(ctx, client)
}

func config(req request, messages io.Writer) host.Config {
	return host.Config{
		App:       app,
		Cmd:       exec.Command(req.provider[0], req.provider[1:]...),
		Name:      filepath.Base(req.provider[0]),
		Protocols: []host.Protocol{grpcplug.Protocol{AutoMTLS: true}},
		Limits:    tenon.Limits{Message: maxMessage},
		// Providers log whatever they do, and leave it to their host what is of interest.
		Logger: slog.New(slog.NewTextHandler(messages, &slog.HandlerOptions{Level: slog.LevelWarn})),
		// As Terraform does: a provider that wants a variable of its own gets it here
		// too.
		InheritEnv:   true,
		StartTimeout: req.timeout,
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
		return fmt.Errorf("asking provider %s for its schemas: %w", a.name, err)
	}
	if err := refusal(a.name, a.schemas.GetDiagnostics()); err != nil {
		return err
	}
	a.identities, err = client.GetResourceIdentitySchemas(ctx, &tfplugin6.GetResourceIdentitySchemas_Request{})
	if status.Code(err) == codes.Unimplemented {
		return nil // built before there were any
	}
	if err != nil {
		return fmt.Errorf("asking provider %s for the identities of its resources: %w", a.name, err)
	}
	return refusal(a.name, a.identities.GetDiagnostics())
}

// warnings returns what the provider wants to be known, besides its answer.
func (a *answer) warnings() []string {
	all := append(a.schemas.GetDiagnostics(), a.identities.GetDiagnostics()...)
	var out []string
	for _, d := range all {
		out = append(out, "warning: "+describe(d))
	}
	return out
}

// explain adds what a person at a terminal wants to know.
func explain(ctx context.Context, err error) error {
	var start *host.StartError
	switch {
	case errors.As(err, &start):
		return err
	case errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded:
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return err
}

// providerName is what Terraform calls the provider of a program, as far as the
// name of its file tells: terraform-provider-time_v0.14.2_x5 is time.
func providerName(program string) string {
	name := strings.TrimSuffix(filepath.Base(program), ".exe")
	name = strings.TrimPrefix(name, "terraform-provider-")
	name, _, _ = strings.Cut(name, "_v")
	return name
}
