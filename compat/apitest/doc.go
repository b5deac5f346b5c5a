// Package apitest holds compat/goplugin and compat/shim against the API of the real
// go-plugin, which neither of them can import.
package apitest
