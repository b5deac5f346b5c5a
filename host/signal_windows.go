package host

// There is no SIGTERM on Windows; a plugin has been asked over its connection.
func (c child) terminate() {}
