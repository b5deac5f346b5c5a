//go:build race

package cases_test

// slower is what the race detector costs.
const slower = 4
