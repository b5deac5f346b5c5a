package big

import "context"

// Echo returns what it is given.
type Echo struct{}

func (Echo) Method1(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method2(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method3(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method4(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method5(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method6(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method7(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method8(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method9(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method10(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method11(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method12(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method13(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method14(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method15(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method16(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method17(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method18(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method19(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method20(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method21(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method22(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method23(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method24(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method25(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method26(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method27(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method28(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method29(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method30(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method31(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method32(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method33(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method34(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method35(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method36(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method37(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method38(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method39(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method40(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method41(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method42(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method43(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method44(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method45(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method46(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method47(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method48(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method49(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method50(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method51(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method52(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method53(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method54(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method55(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method56(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method57(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method58(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method59(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method60(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method61(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method62(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method63(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method64(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method65(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method66(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method67(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method68(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method69(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Method70(_ context.Context, v int) (int, error) {
	return v, nil
}

func (Echo) Arguments(_ context.Context, a1 int, a2 int, a3 int, a4 int, a5 int, a6 int, a7 int, a8 int, a9 int, a10 int, a11 int, a12 int, a13 int, a14 int, a15 int, a16 int, a17 int, a18 int, a19 int, a20 int, a21 int, a22 int, a23 int, a24 int, a25 int, a26 int, a27 int, a28 int, a29 int, a30 int) (int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, error) {
	return a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, nil
}

func (Echo) Wide(_ context.Context, v Wide) (Wide, error) {
	return v, nil
}

func (Echo) Far(_ context.Context, v Far) (Far, error) {
	return v, nil
}
