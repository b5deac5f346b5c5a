package enums

import (
	"context"
	"time"
)

// Echo returns what it is given.
type Echo struct{}

func (Echo) Each(_ context.Context, a Color, b Op, c Signed, d Small, e Doubled, f Single) (Color, Op, Signed, Small, Doubled, Single, error) {
	return a, b, c, d, e, f, nil
}

func (Echo) NotEnums(_ context.Context, a Mode, b Wide, c Private, d Bare) (Mode, Wide, Private, Bare, error) {
	return a, b, c, d, nil
}

func (Echo) Foreign(_ context.Context, m time.Month, d time.Weekday) (time.Month, time.Weekday, error) {
	return m, d, nil
}

func (Echo) Positions(_ context.Context, v Positions) (Positions, error) {
	return v, nil
}
