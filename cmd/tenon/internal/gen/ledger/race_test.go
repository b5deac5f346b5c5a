//go:build race

package ledger

// checks is how often a property is tried: each try costs ten times as much here.
const checks = "15"
