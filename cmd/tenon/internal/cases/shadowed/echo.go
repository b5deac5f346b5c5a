package shadowed

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Params(_ context.Context, err int, call string, in []int, out map[string]int, m int, c bool, v string) (int, string, []int, map[string]int, int, bool, string, error) {
	return err, call, in, out, m, c, v, nil
}

func (Echo) Builtins(_ context.Context, a string, b int, c []byte, d []string, e bool, f int32, g string, h bool, i float64) (string, int, []byte, []string, bool, int32, string, bool, float64, error) {
	return a, b, c, d, e, f, g, h, i, nil
}

func (Echo) Packages(_ context.Context, a string, b int, c []string, d []byte, e int64) (string, int, []string, []byte, int64, error) {
	return a, b, c, d, e, nil
}

func (Echo) Keywords(_ context.Context, type_ int, func_ string, range_ []int, default_ map[string]Message) (int, string, []int, map[string]Message, error) {
	return type_, func_, range_, default_, nil
}

func (Echo) Types(_ context.Context, a Message, b Error, d Ref, e Contract, f Context, g string2) (Message, Error, Ref, Contract, Context, string2, error) {
	return a, b, d, e, f, g, nil
}

func (Echo) Structs(_ context.Context, v Fields) (Fields, error) {
	return v, nil
}
