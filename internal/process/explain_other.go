//go:build !linux

package process

import "runtime"

const isDarwin = runtime.GOOS == "darwin"

// onNoExecMount is not asked here: each system has the flag in another place.
func onNoExecMount(string) bool { return false }
