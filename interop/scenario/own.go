package scenario

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"sync/atomic"
)

// CertEnv is the variable that has a certificate and its key, both PEM, which host
// and plugin have both, and trust.
const CertEnv = "INTEROP_CERT"

var secured atomic.Int32

// Secured says how many connections OwnTLS has let in.
func Secured() int { return int(secured.Load()) }

// OwnTLS is what either side uses that has certificates of its own.
func OwnTLS() (*tls.Config, error) {
	all := []byte(os.Getenv(CertEnv))
	own, err := tls.X509KeyPair(all, all)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(all) {
		return nil, errors.New(CertEnv + " has no certificate")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own}, RootCAs: pool, ServerName: "localhost",
		ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
		VerifyConnection: func(tls.ConnectionState) error { secured.Add(1); return nil },
	}, nil
}
