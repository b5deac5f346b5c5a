package scaffold

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestModulePath(t *testing.T) {
	for _, tt := range []struct {
		name, module     string
		path, prog, want string // want is part of the error
	}{
		{name: "greet", path: "example.com/greet", prog: "greet"},
		{name: "example.com/a/greet", path: "example.com/a/greet", prog: "greet"},
		{name: "example.com/greet/v2", path: "example.com/greet/v2", prog: "greet"},
		{name: "greet", module: "corp.example/x", path: "corp.example/x", prog: "greet"},
		{name: "a/b", path: "a/b", prog: "b"},
		{name: "grüße", module: "corp.example/x", path: "corp.example/x", prog: "grüße"},
		{name: "2fa", module: "corp.example/x", path: "corp.example/x", prog: "2fa"},
		{name: "a\nb", module: "corp.example/x", want: `NAME is "a\nb", and '\n' can't be in it`},
		{name: `a"b`, module: "corp.example/x", want: `'"' can't be in it`},
		{name: "a`b", module: "corp.example/x", want: "'`' can't be in it"},
		{name: "a b", module: "corp.example/x", want: "' ' can't be in it"},
		{name: "a\x00", module: "corp.example/x", want: "can't be in it"},
		{name: "a\xff", module: "corp.example/x", want: "can't be in it"},
		{name: "..", module: "corp.example/x", want: "nothing can be called"},
		{name: "-a", module: "corp.example/x", want: "nothing can be called"},
		{name: "a/", module: "corp.example/x", path: "corp.example/x", prog: "a"},
		{name: "", want: "NAME is empty"},
		{name: "a b", want: "' '"},
		{name: "grüße", want: "'ü'"},
		{name: "/x", want: "empty path element"},
		{name: "x/", want: "trailing slash"},
		{name: "../x", want: `".."`},
		{name: "-x/y", want: "dash"},
		{name: "example.com/x/v1", want: "from v2 on"},
		{name: `a\b`, want: `'\\'`},
	} {
		path, prog, err := modulePath(Options{Kind: Contract, Name: tt.name, Module: tt.module})
		if path != tt.path || prog != tt.prog || (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q, %q: got %q, %q, %v", tt.name, tt.module, path, prog, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ name, pkg, typ, variable string }{
		{"greet", "greet", "Greet", "myGreet"}, // greet is the package
		{"my-kv", "mykv", "MyKv", "myKv"},
		{"go_http2", "gohttp2", "GoHttp2", "goHttp2"},
		{"URL", "url", "URL", "myURL"},
		{"HTTP-store", "httpstore", "HTTPStore", "httpStore"},
		{"type", "", "", ""},
		{"string", "", "", ""},
		{"Context", "", "", ""},
		{"2fa", "", "", ""},
		{"--", "", "", ""},
	} {
		pkg, err := packageName(tt.name)
		if pkg != tt.pkg || (err != nil) != (tt.pkg == "") {
			t.Errorf("%q: package %q, %v; want %q", tt.name, pkg, err, tt.pkg)
		}
		if err != nil {
			continue
		}
		typ := typeName(tt.name)
		if variable := varName(typ, pkg); typ != tt.typ || variable != tt.variable {
			t.Errorf("%q: type %q, variable %q; want %q, %q", tt.name, typ, variable, tt.typ, tt.variable)
		}
	}
	if got := varName("Error", "kv"); got != "myError" {
		t.Errorf("a type Error gives %q", got)
	}
}

func TestSplitInterface(t *testing.T) {
	for _, tt := range [][3]string{
		{"example.com/kv", "example.com/kv", ""},
		{"example.com/kv.Store", "example.com/kv", "Store"},
		{"gopkg.in/kv.v3", "gopkg.in/kv.v3", ""},
		{"gopkg.in/kv.v3.Store", "gopkg.in/kv.v3", "Store"},
		{"example.com", "example.com", ""},
		{".", ".", ""},
		{"..", "..", ""},
		{"../kv.Store", "../kv", "Store"},
		{"./kv", "./kv", ""},
	} {
		if pkg, iface := splitInterface(tt[0]); pkg != tt[1] || iface != tt[2] {
			t.Errorf("%q: got %q, %q", tt[0], pkg, iface)
		}
	}
}

func TestPublished(t *testing.T) {
	const pseudo = "v0.2.1-0.20260102030405-abcdefabcdef"
	for m, want := range map[debug.Module]bool{
		{Version: "v0.2.0"}: true, {Version: "v1.0.0-rc.1"}: true, {Version: pseudo, Sum: "h1:x="}: true,
		{}: false, {Version: "(devel)"}: false, {Version: "v0.2.0+dirty"}: false, {Version: pseudo}: false,
	} {
		if got := published(m); got != want {
			t.Errorf("%+v: %v", m, got)
		}
	}
}
