package handshake_test

import (
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/tenon-go/tenon/internal/handshake"
)

var (
	der  = []byte("0\x82" + strings.Repeat("certificate", 10) + "x")
	raw  = base64.RawStdEncoding.EncodeToString(der)
	padd = base64.StdEncoding.EncodeToString(der)
)

func TestParseLine(t *testing.T) {
	unix := handshake.Line{App: 5, Network: "unix", Address: "/tmp/plugin358", Protocol: handshake.GRPC}
	with := func(change func(l *handshake.Line)) handshake.Line {
		l := unix
		change(&l)
		return l
	}
	for line, want := range map[string]handshake.Line{
		"1|5|unix|/tmp/plugin358":                                with(func(l *handshake.Line) { l.Protocol = handshake.NetRPC }),
		"1|5|unix|/tmp/plugin358|netrpc":                         with(func(l *handshake.Line) { l.Protocol = handshake.NetRPC }),
		"1|5|unix|/tmp/plugin358|grpc":                           unix,
		"1|5|unix|/tmp/plugin358|grpc|\r\n":                      unix,
		"  1|5|unix|/tmp/plugin358|grpc||false\t":                unix,
		"1|5|unix|/tmp/plugin358|grpc|short":                     unix,
		"1|5|unix|/tmp/plugin358|grpc|" + raw:                    with(func(l *handshake.Line) { l.Certificate = der }),
		"1|5|unix|/tmp/plugin358|grpc|" + padd:                   with(func(l *handshake.Line) { l.Certificate = der }),
		"1|5|unix|/tmp/plugin358|grpc|" + raw + "|true":          with(func(l *handshake.Line) { l.Certificate, l.Multiplex = der, true }),
		"1|5|unix|/tmp/plugin358|grpc||true|what|ever":           with(func(l *handshake.Line) { l.Multiplex = true }),
		"1|0|tcp|127.0.0.1:10000|grpc|":                          {Network: "tcp", Address: "127.0.0.1:10000", Protocol: handshake.GRPC},
		"1|4|tcp|[::1]:65535|netrpc|":                            {App: 4, Network: "tcp", Address: "[::1]:65535", Protocol: handshake.NetRPC},
		`1|4|unix|C:\Users\x\AppData\Local\Temp\plugin1|netrpc|`: {App: 4, Network: "unix", Address: `C:\Users\x\AppData\Local\Temp\plugin1`, Protocol: handshake.NetRPC},
	} {
		got, err := handshake.ParseLine([]byte(line))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
		if again, err := handshake.ParseLine(got.Append(nil)); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("%q: %+v, %v", got.Append(nil), again, err)
		}
		if !handshake.LooksLikeLine([]byte(line)) {
			t.Errorf("%q does not look like what it is", line)
		}
	}
}

func TestMalformedLines(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range []struct {
		line  string
		class handshake.LineClass
		looks bool
	}{
		{"", handshake.LineTooFewFields, false},
		{"hello", handshake.LineTooFewFields, false},
		{"1|5|unix", handshake.LineTooFewFields, true},
		{"2026/01/02 15:04:05 [INFO] a|b|c|d", handshake.LineCoreNotANumber, false},
		{"|5|unix|/a|grpc|", handshake.LineCoreNotANumber, false},
		{"-1|5|unix|/a|grpc|", handshake.LineCoreNotANumber, false},
		{"2|5|unix|/a|grpc|", handshake.LineCoreUnknown, true},
		{"12|30|info|started|x", handshake.LineCoreUnknown, false},
		{"1|x|unix|/a|grpc|", handshake.LineAppNotANumber, false},
		{"1|99999999999|unix|/a|grpc|", handshake.LineAppNotANumber, false},
		{"1|5|pipe|/a|grpc|", handshake.LineNetworkUnknown, true},
		{"1|5||/a|grpc|", handshake.LineNetworkUnknown, false},
		{"1|5|UNIX|/a|grpc|", handshake.LineNetworkUnknown, false},
		{"1|5|unix||grpc|", handshake.LineAddressInvalid, true},
		{"1|5|unix|/a\x00b|grpc|", handshake.LineAddressInvalid, true},
		{"1|5|tcp|localhost|grpc|", handshake.LineAddressInvalid, true},
		{"1|5|tcp|80|grpc|", handshake.LineAddressInvalid, true},
		{"1|5|tcp|localhost:0|grpc|", handshake.LineAddressInvalid, true},
		{"1|5|tcp|localhost:65536|grpc|", handshake.LineAddressInvalid, true},
		{"1|5|unix|/a||", handshake.LineProtocolUnknown, true},
		{"1|5|unix|/a|GRPC|", handshake.LineProtocolUnknown, true},
		{"1|5|unix|/a|grpc|" + strings.Repeat("*", 60), handshake.LineCertificateInvalid, true},
		{"1|5|unix|/a|grpc||maybe", handshake.LineMultiplexInvalid, true},
		{"1|5|unix|/a|grpc||", handshake.LineMultiplexInvalid, true},
		{"1|5|unix|/" + strings.Repeat("a", 1<<16), handshake.LineTooLong, true},
	} {
		_, err := handshake.ParseLine([]byte(c.line))
		var e *handshake.LineError
		if !errors.As(err, &e) || e.Class != c.class || len(err.Error()) > 2000 {
			t.Errorf("%.60q: %v", c.line, err)
			continue
		}
		_, problem, _ := strings.Cut(err.Error(), `": its `)
		seen[problem] = true
		if handshake.LooksLikeLine([]byte(c.line)) != c.looks {
			t.Errorf("%.60q: LooksLikeLine is %v", c.line, !c.looks)
		}
	}
	if len(seen) < 9 {
		t.Errorf("only %d different sentences", len(seen))
	}
}
