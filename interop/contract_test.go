package interop

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tenon-go/tenon"
	"github.com/tenon-go/tenon/host"
	"github.com/tenon-go/tenon/interop/scenario"
)

// kept is a contract of Tenon's, with the greeter's messages.
var keptContract = &tenon.Contract{Name: scenario.ContractName, Methods: []tenon.Method{{Name: "Greet"}, {Name: "Count", ServerStream: true}, {Name: "Fail"}},
	Errors: []tenon.ErrorDef{{Name: "interop.ErrKept", Value: errKept}}}

var errKept = errors.New("interop: kept")

var kept = tenon.Service{Contract: keptContract, Server: keptServer{}}

type keptServer struct{}

func (keptServer) ServeCall(ctx context.Context, method int, s tenon.Stream) error {
	m, err := s.Recv()
	if err != nil {
		return err
	}
	var in string
	for m.Next() {
		in = m.ReadString()
	}
	switch method {
	case 1:
		for i := range 3 {
			s.Out().WriteString(1, fmt.Sprint(in, i))
			if err := s.Send(); err != nil {
				return err
			}
		}
		return nil
	case 2:
		return fmt.Errorf("%s: %w", in, errKept)
	}
	s.Out().WriteString(1, "kept "+in)
	return nil
}

// bound calls the contract as a Tenon host does.
var bound = scenario.Check{Name: "bound", Contract: true, Run: func(ctx context.Context, x *scenario.Session, _ scenario.Facts) error {
	ref, err := keptContract.Bind(x.Host.(*host.Plugin))
	if err != nil {
		return err
	}
	for method, want := range []string{"kept you", "you0you1you2"} {
		if got, err := collect(ctx, ref, method); err != nil || got != want {
			return fmt.Errorf("got %q, %v", got, err)
		}
	}
	if _, err := collect(ctx, ref, 2); !errors.Is(err, errKept) || err.Error() != "you: interop: kept" {
		return fmt.Errorf("the error is %v", err)
	}
	return nil
}}

func collect(ctx context.Context, ref *tenon.Ref, method int) (all string, err error) {
	s, err := ref.Open(ctx, method)
	if err != nil {
		return "", err
	}
	defer s.Close()
	s.Out().WriteString(1, "you")
	if err := s.SendLast(); err != nil {
		return "", err
	}
	for {
		m, err := s.Recv()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		for m.Next() {
			all += m.ReadString()
		}
	}
}
