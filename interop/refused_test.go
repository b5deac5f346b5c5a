package interop

import (
	"io"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"

	"github.com/tenon-go/tenon/interop/scenario"
	"github.com/tenon-go/tenon/tenontest"
)

// nobody is a plugin of go-plugin's that is never used.
type nobody struct {
	goplugin.NetRPCUnsupportedPlugin
}

// The error of go-plugin's host says what a plugin lacks that speaks Tenon's own
// protocol only.
func TestPluginWithoutProtocol(t *testing.T) {
	c := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{MagicCookieKey: scenario.CookieKey, MagicCookieValue: scenario.CookieValue, ProtocolVersion: scenario.Newest},
		Plugins:         goplugin.PluginSet{"greeter": nobody{}},
		Cmd:             tenontest.Command(t, "native only"), AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger: hclog.New(&hclog.LoggerOptions{Output: io.Discard}),
	})
	defer c.Kill()
	_, err := c.Client()
	if err == nil {
		t.Fatal("it started")
	}
	t.Log(err)
	for _, part := range []string{"does not speak go-plugin's protocol", "call grpcplug.Main in place of plugin.Main", "github.com/tenon-go/tenon/grpcplug"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing", part)
		}
	}
}
