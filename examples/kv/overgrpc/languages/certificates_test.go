//go:build unix

package languages

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenon-go/tenon/grpcplug"
)

// TestCertificates is about what a plugin's certificate is like, and about who is
// not let in. Who is, is tested by all that goes
// on with AutoMTLS in the other tests:
//
//   - A plugin in another language is the server of a Tenon host, whose certificate
//     it has from PLUGIN_CLIENT_CERT and requires, and is trusted for its own, in
//     the handshake. TestPlugins/*/AutoMTLS
//   - It is a client of the host's broker, which requires the plugin's certificate,
//     and shows the host's. TestPlugins/*/AutoMTLS/Watch and all others with refs
//   - A host in Python is the client of a Tenon plugin, and the server of its
//     broker. TestPythonHost/AutoMTLS/Go
func TestCertificates(t *testing.T) {
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			l.ready(t)
			checkLine(t, l)
			dir, err := os.MkdirTemp("", "kv") // t.TempDir is too long for a socket
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			l.run(t, grpcplug.Protocol{AutoMTLS: true, SocketDir: dir}, nil)
			sockets, _ := filepath.Glob(filepath.Join(dir, "*", "*", "plugin"))
			if len(sockets) != 1 {
				t.Fatalf("there are the sockets %q", sockets)
			}
			for who, certificates := range map[string][]tls.Certificate{"nobody": nil, "a stranger": {stranger(t)}} {
				err := enter(t, sockets[0], certificates)
				var alert *net.OpError // a TLS alert of the other side is a "remote error"
				if !errors.Is(err, io.EOF) && !(errors.As(err, &alert) && alert.Op == "remote error") {
					t.Errorf("%s is not sent away, but gets %v", who, err)
				}
			}
		})
	}
}

// checkLine looks at the handshake as go-plugin's own hosts do: they take no padding
// behind the certificate.
func checkLine(t *testing.T, l language) {
	t.Helper()
	host := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stranger(t).Certificate[0]})
	cmd := l.command(t, l.start...)
	cmd.Env = append(os.Environ(), "TENON_APP=kv", "PLUGIN_PROTOCOL_VERSIONS=1", "PLUGIN_CLIENT_CERT="+string(host), "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	kill := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer kill.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(strings.TrimSpace(line), "|")
	if len(fields) != 6 || fields[0] != "1" || fields[1] != "1" || fields[2] != "unix" || fields[4] != "grpc" {
		t.Fatalf("the handshake is %q", line)
	}
	der, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := c.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || c.SignatureAlgorithm != x509.ECDSAWithSHA256 || c.VerifyHostname("localhost") != nil {
		t.Errorf("the certificate has a key of type %T, %s, for %q", c.PublicKey, c.SignatureAlgorithm, c.DNSNames)
	}
}

// enter connects, and reads. With TLS 1.3 a client's handshake is over before the
// server has seen the certificate.
func enter(t *testing.T, socket string, certificates []tls.Certificate) error {
	t.Helper()
	raw, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	c := tls.Client(raw, &tls.Config{
		InsecureSkipVerify: true, NextProtos: []string{"h2"},
		// Whatever the server says that it accepts.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(certificates) == 0 {
				return new(tls.Certificate), nil
			}
			return &certificates[0], nil
		},
	})
	if err := c.Handshake(); err != nil {
		return err
	}
	for buf := make([]byte, 512); ; {
		if _, err := c.Read(buf); err != nil {
			return err
		}
	}
}

// stranger returns a certificate of the form of the host's.
func stranger(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
