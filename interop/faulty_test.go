package interop

func faultyPlugins() map[string]func() { return nil }
