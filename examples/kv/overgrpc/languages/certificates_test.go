//go:build unix

package languages

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenon-go/tenon/grpcplug"
)

// TestCertificates is about who is not let in. Who is, is tested by all that goes
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
