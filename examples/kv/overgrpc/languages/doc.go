// Package languages tests the plugins and hosts of examples/kv that are written in
// other languages.
package languages
