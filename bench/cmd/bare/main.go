// Command bare is the host and the plugin of the bare socketpair.
package main

import (
	"github.com/tenon-go/tenon/bench/bare"
	"github.com/tenon-go/tenon/bench/harness"
)

func main() { harness.Main(bare.Target) }
