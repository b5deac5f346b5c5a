// Package tenontest is what users test their plugins with.
//
// # In memory
//
// [Serve] serves an implementation in the test's own process and returns what a
// host would have of it. Calls go through the whole protocol, so that what
// doesn't survive a process boundary doesn't survive the test either:
//
//	func TestGet(t *testing.T) {
//		p := tenontest.Serve(t, kv.App, kv.ServeStore(&memory{}))
//		store, err := kv.OpenStore(t.Context(), p)
//		...
//	}
//
// It works within a bubble of testing/synctest. [Pair] is Serve with everything
// that a host and a plugin can be configured to do.
//
// # As a process
//
// [Main] lets the test binary turn into a plugin, so that there is nothing to
// build first, and the coverage and the race detector of go test count for the
// plugin's process too:
//
//	func TestMain(m *testing.M) {
//		tenontest.Main(m, map[string]func(){
//			"memory": func() { plugin.Main(kv.App, kv.ServeStore(&memory{})) },
//		})
//	}
//
//	func TestCrash(t *testing.T) {
//		p := tenontest.Start(t, host.Config{App: kv.App, Cmd: tenontest.Command(t, "memory")})
//		...
//	}
//
// # Leaks
//
// A plugin that is started with one of these functions fails the test at its end
// if calls have not been closed or refs not been released. [CheckLeaks] and Main
// look for goroutines, descriptors and processes that are left.
package tenontest
