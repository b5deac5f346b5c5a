// Command goplugin is the host and the plugins of go-plugin's two protocols.
package main

import (
	"github.com/tenon-go/tenon/bench/goplugin"
	"github.com/tenon-go/tenon/bench/harness"
)

func main() { harness.Main(goplugin.GRPC, goplugin.NetRPC) }
