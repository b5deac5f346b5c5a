package main

import (
	"fmt"
	"strings"
)

// An edit is a line that is in one text (- or +) or in both (a space).
type edit struct {
	op   byte
	line string
}

// around is how many lines that are in both are shown around a difference.
const around = 3

// unified writes how a differs from b as diff -u does, without the names.
func unified(a, b string) string {
	edits := compare(splitLines(a), splitLines(b))
	near := make([]bool, len(edits))
	for i, e := range edits {
		if e.op != ' ' {
			for j := max(0, i-around); j < min(len(edits), i+around+1); j++ {
				near[j] = true
			}
		}
	}
	var out strings.Builder
	from, to := 1, 1 // the lines of a and b at which an edit stands
	for i, e := range edits {
		if near[i] {
			if i == 0 || !near[i-1] {
				fmt.Fprintf(&out, "@@ -%d +%d @@\n", from, to)
			}
			fmt.Fprintf(&out, "%c%s\n", e.op, e.line)
		}
		if e.op != '+' {
			from++
		}
		if e.op != '-' {
			to++
		}
	}
	return out.String()
}

// compare finds the edits that make b of a, the fewest there can be.
func compare(a, b []string) []edit {
	head, tail := 0, 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	edits := all(' ', a[:head])
	edits = append(edits, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	return append(edits, all(' ', a[len(a)-tail:])...)
}

func all(op byte, lines []string) []edit {
	edits := make([]edit, len(lines))
	for i, line := range lines {
		edits[i] = edit{op, line}
	}
	return edits
}

// maxTable bounds the time and memory of middle. Texts with more differences are
// shown as if they had nothing in common.
const maxTable = 1 << 24

// middle is compare for texts that differ at both ends.
func middle(a, b []string) []edit {
	width := len(b) + 1
	if (len(a)+1)*width > maxTable {
		return append(all('-', a), all('+', b)...)
	}
	// common[i*width+j] is how many lines a[i:] and b[j:] have in common.
	common := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	var edits []edit
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			edits = append(edits, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[(i+1)*width+j] >= common[i*width+j+1]:
			edits = append(edits, edit{'-', a[i]})
			i++
		default:
			edits = append(edits, edit{'+', b[j]})
			j++
		}
	}
	return edits
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
