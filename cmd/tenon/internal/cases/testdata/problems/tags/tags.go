// Package tags has tags that are wrong.
package tags

import "context"

//tenon:contract
type Store interface {
	Put(ctx context.Context, v Value) error
}

type Value struct {
	A       int `tenon:"nam=a"`
	B       int `tenon:"name=not a name"`
	C       int `tenon:"number=x"`
	D       int `tenon:"number=0"`
	E       int `tenon:"number=19500"`
	F       int `tenon:"number=536870912"`
	G       int `tenon:"number=7"`
	H       int `tenon:"number=7"`
	I       int `tenon:"name=same"`
	J       int `tenon:"name=same"`
	K       int `tenon:"name"`
	L       int `tenon:","`
	UserID  int
	User_ID int
	Ünicode int
}
