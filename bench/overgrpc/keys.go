package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"time"
)

// keys prints what a certificate costs on each curve in a process that has just
// started: go-plugin's is P-521, Tenon's P-256. What a plugin of go-plugin's spends
// so before it listens, no host can save.
func keys(w io.Writer) error {
	for _, c := range []elliptic.Curve{elliptic.P521(), elliptic.P256()} {
		began := time.Now()
		lap := func() time.Duration {
			d := time.Since(began)
			began = time.Now()
			return d.Round(10 * time.Microsecond)
		}
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			return err
		}
		made := lap()
		t := &x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}, SerialNumber: big.NewInt(1), NotAfter: began.Add(time.Hour)}
		if _, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key); err != nil {
			return err
		}
		certified := lap()
		sum := sha256.Sum256(nil)
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			return err
		}
		signed := lap()
		if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
			return fmt.Errorf("%s: a signature is not valid", c.Params().Name)
		}
		fmt.Fprintf(w, "%s: key %v, certificate %v, signature %v, its verification %v\n", c.Params().Name, made, certified, signed, lap())
	}
	return nil
}
