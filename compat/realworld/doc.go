// Package realworld has programs of other people, built with go-plugin and with
// Tenon's shim in its place, run each other.
package realworld
