// Package certificates tests that the certificates of AutoMTLS are accepted by
// gRPC in other languages, and theirs by this one, in both roles.
package certificates

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/grpcplug"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/internal/handshake"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var app = tenon.App{Name: "certificates", Version: 1}

func TestMain(m *testing.M) {
	serve := func(network string) func() {
		return func() {
			p := grpcplug.Protocol{Network: network}
			plugin.MainConfig(plugin.Config{App: app, Protocols: []plugin.Protocol{p}})
		}
	}
	tenontest.Main(m, map[string]func(){"unix": serve("unix"), "tcp": serve("tcp")})
}

// A language is one that there is a gRPC for.
type language struct {
	name      string
	network   string                    // that its gRPC has without more ado
	build     func(*testing.T) []string // returns the command, or skips the test
	authority bool                      // an authority's certificate may present itself
}

var languages = []language{{"rust", "unix", rust, false}, {"java", "tcp", java, true}}

func rust(t *testing.T) []string {
	// The store in Rust is built from the same libraries.
	target := filepath.Join("..", "..", "..", "..", "examples", "kv", "rust", "target")
	tool(t, "Rust", "cargo", "build", "--locked", "--quiet", "--target-dir", target)
	return []string{filepath.Join(home(t, "rust"), target, "debug", "certificates")}
}

func java(t *testing.T) []string {
	dir := home(t, "java")
	list := filepath.Join(dir, "target", "classpath")
	tool(t, "Java", "mvn", "--quiet", "--batch-mode", "compile", "dependency:build-classpath", "-Dmdep.outputFile="+list)
	path, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	classes := filepath.Join(dir, "target", "classes")
	// It is started often and runs for a moment: the better compiler never pays.
	return []string{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes + string(os.PathListSeparator) + strings.TrimSpace(string(path)), "Certificates"}
}

func home(t *testing.T, language string) string {
	t.Helper()
	dir, err := filepath.Abs(language)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tool runs what builds a language's program.
func tool(t *testing.T, language, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s on this machine: %s was not found", language, name)
	}
	// What is found may be no more than the name: rustup's cargo without a toolchain.
	if out, err := exec.CommandContext(t.Context(), path, "--version").CombinedOutput(); err != nil {
		t.Skipf("there is no %s on this machine: %s --version: %v\n%s", language, name, err, out)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = home(t, strings.ToLower(language))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

func TestCertificates(t *testing.T) {
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			command := l.build(t)
			t.Run("plugin", func(t *testing.T) { asPlugin(t, append(command, "server")) })
			t.Run("plugin refuses", func(t *testing.T) { refuses(t, append(command, "server")) })
			t.Run("authorities", func(t *testing.T) { authorities(t, l, append(command, "server")) })
			t.Run("host", func(t *testing.T) { asHost(t, l.network, append(command, "client")) })
		})
	}
}

// patience is long: on a busy machine it takes Java many seconds to start.
const patience = 2 * time.Minute

func timeout(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// asPlugin starts the language's server by a host of Tenon's.
func asPlugin(t *testing.T, command []string) {
	ctx := timeout(t)
	p, err := host.Start(ctx, host.Config{
		App: app, Cmd: exec.Command(command[0], command[1:]...), Logger: slog.New(slog.DiscardHandler),
		StartTimeout: patience,
		Protocols:    []host.Protocol{grpcplug.Protocol{AutoMTLS: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ping(ctx); err != nil {
		t.Error(err)
	}
	p.Kill() // it has no GRPCController
	<-p.Done()
}

// refuses calls the language's server with the certificate that it was told to
// trust, and without it.
func refuses(t *testing.T, command []string) {
	own := certificate(t, false)
	line := served(t, own, command)
	if err := check(t, line, own); err != nil {
		t.Errorf("with the certificate: %v", err)
	}
	for name, certificates := range map[string][]tls.Certificate{"without one": nil, "with another one": {certificate(t, false)}} {
		if err := check(t, line, certificates...); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// authorities calls the language's server with a certificate that is trusted and
// an authority's, as go-plugin's are, and as those of Tenon are not: this is why.
func authorities(t *testing.T, l language, command []string) {
	own := certificate(t, true)
	err := check(t, served(t, own, command), own)
	if l.authority && err != nil || !l.authority && status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
}

// served starts the language's server, which trusts one certificate, and returns
// what it says.
func served(t *testing.T, trusted tls.Certificate, command []string) handshake.Line {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.Certificate[0]})
	cmd.Env = append(os.Environ(), "PLUGIN_CLIENT_CERT="+string(block), "PLUGIN_UNIX_SOCKET_DIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	text, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	line, err := handshake.ParseLine(text)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// check asks the server of a handshake whether it is well.
func check(t *testing.T, line handshake.Line, own ...tls.Certificate) error {
	t.Helper()
	theirs, err := x509.ParseCertificate(line.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(theirs)
	target := line.Address
	if line.Network == "unix" {
		target = "unix:" + target
	}
	trust := credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "localhost", Certificates: own})
	cc, err := grpc.Dial(target, grpc.WithTransportCredentials(trust))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	_, err = grpc_health_v1.NewHealthClient(cc).Check(timeout(t), &grpc_health_v1.HealthCheckRequest{Service: "plugin"})
	return err
}

// certificate returns one that signs itself.
func certificate(t *testing.T, authority bool) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		IsCA:        authority, BasicConstraintsValid: authority,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// asHost has the language's client start a plugin of Tenon's.
func asHost(t *testing.T, network string, command []string) {
	ctx := timeout(t)
	ours := tenontest.Command(t, network)
	cmd := exec.CommandContext(ctx, command[0], append(append(command[1:], ours.Path), ours.Args[1:]...)...)
	key, value := app.CookieEntry()
	cmd.Env = append(append(os.Environ(), ours.Env...), key+"="+value, "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_UNIX_SOCKET_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	with, without, ok := strings.Cut(string(out), "\nwithout: ")
	if with != "with a certificate: SERVING" || !ok || !strings.HasPrefix(without, "refused: ") {
		t.Errorf("it said: %s", out)
	}
}
