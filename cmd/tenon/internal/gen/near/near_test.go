package near

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"size", "side", "name"}
	for _, c := range []struct {
		word, want string
		most       int
	}{
		{"size", "size", 2}, {"sze", "size", 2}, {"nmae", "name", 1}, {"sine", "size", 1}, {"whole", "", 2}, {"n", "name", 4}, {"", "", 3},
	} {
		if got := Nearest(c.word, known, c.most); got != c.want {
			t.Errorf("Nearest(%q, %d) = %q, want %q", c.word, c.most, got, c.want)
		}
	}
}
