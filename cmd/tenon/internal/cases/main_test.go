package cases_test

import (
	"flag"
	"testing"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/plugin"
	"github.com/tenon-go/tenon/tenontest"
)

var update = flag.Bool("update", false, "write the generated files and the golden texts, in place of comparing them")

// app is what the cases' plugin and its hosts agree on.
var app = tenon.App{Name: "cases", Version: 1}

// One process serves all cases.
func TestMain(m *testing.M) {
	// There are dozens of properties, on four connections each; -rapid.checks
	// asks for more.
	flag.Set("rapid.checks", "25")
	tenontest.Main(m, map[string]func(){
		"cases": func() { plugin.Main(app, services()...) },
	})
}
