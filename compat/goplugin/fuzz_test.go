package plugin

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"

	"github.com/hashicorp/go-hclog"
)

// What programs have stored of a plugin is read, or refused, and what was read is
// written so that it is read again.
func FuzzReattachConfig(f *testing.F) {
	for _, s := range []string{
		`{"Protocol":"grpc","ProtocolVersion":5,"Pid":7,"Test":true,"Addr":{"Network":"unix","String":"/x"}}`,
		`{"Addr":{"Net":"unix","Name":"/x"}}`, `{"Addr":{"IP":"127.0.0.1","Port":80,"Zone":""}}`,
		`{"Addr":{"Network":"tcp","String":"127.0.0.1:99999"}}`, `{"Addr":null,"Session":"e30"}`, `{"Pid":1e99}`, `[]`, ``,
		`{"Session":"eyJLZXkiOiJBQSJ9","Addr":{"Network":"udp","String":"x"}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var r ReattachConfig
		if json.Unmarshal([]byte(text), &r) != nil {
			return
		}
		if s, err := r.session(); err == nil {
			s.tls()
		}
		b, err := json.Marshal(&r)
		if err != nil {
			t.Fatal(err)
		}
		var again ReattachConfig
		if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%s becomes %s, and %+v not %+v: %v", text, b, again, r, err)
		}
	})
}

// Whatever a plugin writes to its standard error reaches the caller's writer byte for
// byte, and ends nothing.
func FuzzLogWriter(f *testing.F) {
	f.Add([]byte(`{"@level":"info","@message":"x","@timestamp":"2026-01-02T15:04:05.000000Z","n":1}`+"\n"), 7)
	f.Add([]byte(`{"@message":5}`+"\npanic: x\n\ngoroutine 1 [running]:\nmain.main()\n"), 1)
	f.Add(bytes.Repeat([]byte("[WARN] x "), 99), 3)
	f.Add([]byte("{\"@level\":\"\x00\",\"@message\":\"\xff\",\"a\":{\"b\":[1,null]}}\r\n"), 64)
	f.Fuzz(func(t *testing.T, text []byte, piece int) {
		var raw bytes.Buffer
		logger := hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Trace})
		w := newLogWriter(logger, &raw, 16)
		piece = max(1, piece%97)
		for rest := text; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			if n, err := w.Write(rest[:min(piece, len(rest))]); err != nil || n != min(piece, len(rest)) {
				t.Fatal(n, err)
			}
		}
		w.flush()
		if got := raw.Bytes(); !bytes.HasPrefix(got, text) {
			t.Errorf("%q has become %q", text, got)
		}
	})
}
