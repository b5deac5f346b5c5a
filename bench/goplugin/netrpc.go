package goplugin

import (
	"context"
	"errors"
	"net/rpc"

	"github.com/hashicorp/go-plugin"

	"github.com/tenon-go/tenon/bench/harness"
)

type rpcPlugin struct{}

func (*rpcPlugin) Server(*plugin.MuxBroker) (any, error) { return rpcServer{}, nil }

func (*rpcPlugin) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return rpcClient{c}, nil }

// An rpcServer has the methods that net/rpc finds by reflection.
type rpcServer struct{}

func (rpcServer) Echo(request []byte, answer *[]byte) error {
	*answer = harness.Echo(request)
	return nil
}

type rpcClient struct{ client *rpc.Client }

// Echo ignores ctx, as net/rpc has no contexts.
func (c rpcClient) Echo(_ context.Context, request []byte) ([]byte, error) {
	var answer []byte
	err := c.client.Call("Plugin.Echo", request, &answer)
	return answer, err
}

func (rpcClient) Stream(context.Context, int, int, func([]byte) error) error {
	return errors.ErrUnsupported
}
