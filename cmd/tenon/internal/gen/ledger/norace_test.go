//go:build !race

package ledger

const checks = "100"
