// Command tenon is the host and the plugin of Tenon's native protocol.
package main

import (
	"github.com/tenon-go/tenon/bench/harness"
	tenonbench "github.com/tenon-go/tenon/bench/tenon"
)

func main() { harness.Main(tenonbench.Target) }
