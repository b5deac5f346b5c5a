// Vault-host does with a plugin of Vault's what Vault does, by the host's code of
// vault/sdk: "vault-host database PROGRAM" or "vault-host auth PROGRAM".
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/vault/sdk/database/dbplugin/v5"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/helper/pluginutil"
	"github.com/hashicorp/vault/sdk/logical"
	backend "github.com/hashicorp/vault/sdk/plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

func main() {
	run := map[string]func(context.Context, *system) error{"database": database, "auth": auth}[os.Args[1]]
	s, err := newSystem(os.Args[2])
	if err == nil {
		err = run(context.Background(), s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// database uses a plugin for redis, without a redis.
func database(ctx context.Context, s *system) error {
	db, err := dbplugin.PluginFactory(ctx, "redis", s, s.logger)
	if err != nil {
		return err
	}
	name, err := db.Type()
	fmt.Println("type", name, err)
	config := map[string]any{"host": "127.0.0.1", "username": "root", "password": "secret"}
	_, err = db.Initialize(ctx, dbplugin.InitializeRequest{Config: config, VerifyConnection: true})
	fmt.Println("without a port:", err)
	config["port"] = 1
	_, err = db.Initialize(ctx, dbplugin.InitializeRequest{Config: config, VerifyConnection: true})
	fmt.Println("where nobody listens:", err)
	made, err := db.Initialize(ctx, dbplugin.InitializeRequest{Config: config})
	fmt.Println("unverified:", made.Config["port"], err)
	_, err = db.NewUser(ctx, dbplugin.NewUserRequest{
		UsernameConfig: dbplugin.UsernameMetadata{DisplayName: "a", RoleName: "b"}, Password: "c",
	})
	fmt.Println("a user fails:", err != nil)
	fmt.Println("close", db.Close(), "exited", s.client.Exited())
	return nil
}

// auth configures the jwt method, whose storage is this process, over the broker.
func auth(ctx context.Context, s *system) error {
	storage := &logical.InmemStorage{}
	config := &logical.BackendConfig{
		Logger: s.logger, System: s, StorageView: storage, BackendUUID: "uuid", Config: map[string]string{},
	}
	b, err := backend.NewBackendV5(ctx, "jwt", consts.PluginTypeCredential, "", s, config)
	if err != nil {
		return err
	}
	if err := b.Setup(ctx, config); err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	if err := b.Initialize(ctx, &logical.InitializationRequest{Storage: storage}); err != nil {
		return fmt.Errorf("initialize: %w", err)
	}
	fmt.Println("type", b.Type(), "login without a token:", b.SpecialPaths().Unauthenticated)
	key, err := publicKey()
	if err != nil {
		return err
	}
	ask := func(what logical.Operation, path string, data map[string]any) *logical.Response {
		resp, err := b.HandleRequest(ctx, &logical.Request{Operation: what, Path: path, Data: data, Storage: storage})
		if err != nil {
			fmt.Printf("%s %s: %v\n", what, path, err)
			return &logical.Response{}
		}
		if resp.IsError() {
			fmt.Printf("%s %s: %v\n", what, path, resp.Error())
		}
		return resp
	}
	ask(logical.UpdateOperation, "config", map[string]any{"jwt_validation_pubkeys": "nonsense"})
	ask(logical.UpdateOperation, "config", map[string]any{"jwt_validation_pubkeys": key, "bound_issuer": "me"})
	ask(logical.CreateOperation, "role/gardener", map[string]any{"role_type": "jwt", "user_claim": "sub", "bound_subject": "x", "policies": "water"})
	keys, err := storage.List(ctx, "")
	fmt.Println("stored", keys, err)
	fmt.Println("issuer", ask(logical.ReadOperation, "config", nil).Data["bound_issuer"])
	fmt.Println("policies", ask(logical.ReadOperation, "role/gardener", nil).Data["policies"])
	ask(logical.UpdateOperation, "login", map[string]any{"role": "gardener", "jwt": "a.b.c"})
	b.Cleanup(ctx)
	fmt.Println("exited", s.client.Exited())
	return nil
}

func publicKey() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// A system is of Vault what a plugin needs, and what starts one.
type system struct {
	logical.StaticSystemView
	logger  hclog.Logger
	program string
	sum     []byte
	client  *plugin.Client
}

func newSystem(program string) (*system, error) {
	content, err := os.ReadFile(program)
	sum := sha256.Sum256(content)
	return &system{
		StaticSystemView: logical.StaticSystemView{VersionString: "1.0.0"},
		logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Warn}),
		program:          program,
		sum:              sum[:],
	}, err
}

// LookupPlugin finds the one plugin that there is.
func (s *system) LookupPlugin(ctx context.Context, name string, kind consts.PluginType) (*pluginutil.PluginRunner, error) {
	return s.LookupPluginVersion(ctx, name, kind, "")
}

// LookupPluginVersion finds the one plugin that there is.
func (s *system) LookupPluginVersion(_ context.Context, name string, kind consts.PluginType, version string) (*pluginutil.PluginRunner, error) {
	return &pluginutil.PluginRunner{Name: name, Type: kind, Version: version, Command: s.program, Sha256: s.sum}, nil
}

// NewPluginClient starts the plugin, as Vault's catalog does.
func (s *system) NewPluginClient(ctx context.Context, c pluginutil.PluginClientConfig) (pluginutil.PluginClient, error) {
	runner, err := s.LookupPluginVersion(ctx, c.Name, c.PluginType, c.Version)
	if err != nil {
		return nil, err
	}
	s.client, err = runner.RunConfig(ctx, pluginutil.Runner(s), pluginutil.PluginSets(c.PluginSets),
		pluginutil.HandshakeConfig(c.HandshakeConfig), pluginutil.Logger(c.Logger),
		pluginutil.MetadataMode(c.IsMetadataMode), pluginutil.AutoMTLS(c.AutoMTLS))
	if err != nil {
		return nil, err
	}
	protocol, err := s.client.Client()
	if err != nil {
		return nil, err
	}
	return &running{ClientProtocol: protocol, client: s.client, conn: multiplexed{protocol.(*plugin.GRPCClient).Conn}}, nil
}

// A running plugin has a name among those that share a process.
type running struct {
	plugin.ClientProtocol
	client *plugin.Client
	conn   grpc.ClientConnInterface
}

func (r *running) Conn() grpc.ClientConnInterface { return r.conn }
func (r *running) Reload() error                  { return nil }

// Close ends the process: nobody shares it here.
func (r *running) Close() error {
	r.client.Kill()
	return nil
}

type multiplexed struct{ grpc.ClientConnInterface }

func named(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, pluginutil.MultiplexingCtxKey, "one")
}

func (m multiplexed) Invoke(ctx context.Context, method string, in, out any, opts ...grpc.CallOption) error {
	return m.ClientConnInterface.Invoke(named(ctx), method, in, out, opts...)
}

func (m multiplexed) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return m.ClientConnInterface.NewStream(named(ctx), desc, method, opts...)
}
