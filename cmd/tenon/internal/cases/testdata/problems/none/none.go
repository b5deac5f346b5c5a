// Package none has no contract at all.
package none

type Store interface{ Get() error }
