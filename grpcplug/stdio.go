package grpcplug

import (
	"context"

	"google.golang.org/grpc"
)

var stdioDesc = grpc.StreamDesc{StreamName: stdioStream, ServerStreams: true}

// maxPiece is the largest piece of output that a plugin may send at a time, in
// bytes. go-plugin's send one KiB.
const maxPiece = 1 << 20

// readStdio brings what the plugin prints to where its output goes. A plugin
// without the service prints to its standard output itself.
func (c *hostConn) readStdio() {
	defer c.with.Stdout.Close()
	defer c.with.Stderr.Close()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel() // a stream that nobody reads any more
	s, err := c.cc.NewStream(ctx, &stdioDesc, "/"+stdioService+"/"+stdioStream, grpc.ForceCodecV2(codec{}), grpc.MaxCallRecvMsgSize(maxPiece))
	if err != nil {
		return
	}
	if s.SendMsg(&frame{}) != nil || s.CloseSend() != nil {
		return
	}
	for {
		var f frame
		if s.RecvMsg(&f) != nil {
			return
		}
		d, err := decodeStdioData(f.b)
		if err != nil {
			return
		}
		// Who does not want it any more does not hold the plugin up.
		switch d.channel {
		case stdoutChannel:
			c.with.Stdout.Write(d.data)
		case stderrChannel:
			c.with.Stderr.Write(d.data)
		}
	}
}
