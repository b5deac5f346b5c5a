// Package tags has structs with tags.
package tags

import "context"

// Tags returns what it is given.
//
//tenon:contract
type Tags interface {
	Echo(ctx context.Context, v Tagged) (Tagged, error)
}

// Tagged has tags of all kinds.
type Tagged struct {
	First   string `tenon:"name=premier"`
	Second  int    `tenon:"number=7"`
	Third   string `tenon:"name=troisieme,number=3"`
	Skipped func() `tenon:"-"`
	private int    `tenon:"-"`
	Any     any    `tenon:"-"`
	Renamed string `tenon:"was=former"`
	Both    string `tenon:"name=now,was=before,was=earlier"`
	JSON    string `json:"other" tenon:"number=2048" yaml:"x"`
	Last    []int  `tenon:"number=536870911"`
	Free    string
	Nested  struct {
		Inner int `tenon:"number=18"`
	}
}

// Private returns what does not cross.
func (t Tagged) Private() int { return t.private }
