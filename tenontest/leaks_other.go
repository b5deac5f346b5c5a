//go:build !linux

package tenontest

func descriptors() map[string]string { return nil }

func children() map[string]string { return nil }
