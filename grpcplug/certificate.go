package grpcplug

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"time"
)

// certificateName is the name that both sides verify. It is go-plugin's.
const certificateName = "localhost"

// newCertificate makes a key and a certificate for one start.
//
// The curve is P-256, because not all of gRPC's languages have go-plugin's own,
// P-521. The certificate signs itself and is not that of an authority: each side
// trusts the other's very certificate, for which Go, OpenSSL, BoringSSL and Java
// need no authority, while Rust's webpki refuses one that presents itself. There is
// no key usage: OpenSSL would ask it for the right to sign certificates before it
// took it for its own issuer.
func newCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: certificateName, Organization: []string{"Tenon"}},
		DNSNames:     []string{certificateName},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		// Clocks of containers differ a little.
		NotBefore: now.Add(-time.Minute),
		// The key lives as long as the process, and a broker makes connections
		// until its end.
		NotAfter: now.AddDate(30, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// toPEM is how a certificate stands in PLUGIN_CLIENT_CERT.
func toPEM(c tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
}

// mutual returns what either side uses, as a client and as a server: its own
// certificate, and the other's as the only one that it trusts.
func mutual(own tls.Certificate, other *x509.CertPool) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{own},
		RootCAs:      other,
		ClientCAs:    other,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ServerName:   certificateName,
		MinVersion:   tls.VersionTLS12,
	}
}

// poolOfDER returns a pool with the certificate of a handshake.
func poolOfDER(der []byte) (*x509.CertPool, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &Error{Problem: BadCertificate, Err: err}
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return pool, nil
}

var errNoPEM = errors.New("there is no certificate in it")

// poolOfPEM returns a pool with the certificates of PLUGIN_CLIENT_CERT.
func poolOfPEM(text string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, &Error{Problem: BadEnvironment, What: envCert, Err: errNoPEM}
	}
	return pool, nil
}
