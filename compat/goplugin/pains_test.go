package plugin_test

func serveDeaf() {}
func serveHost() {}
func serveSick() {}
