//go:build race

package peer

const race = true
