package grpcplug

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var stdioDesc = grpc.StreamDesc{StreamName: stdioStream, ServerStreams: true}

// maxPiece is the largest piece of output that a plugin may send at a time, in
// bytes. go-plugin's send one KiB, but its hosts take any size.
const maxPiece = 64 << 20

// readStdio brings what the plugin prints to where its output goes. A plugin
// without the service prints to its standard output itself.
func (c *hostConn) readStdio() {
	defer c.with.Stdout.Close()
	defer c.with.Stderr.Close()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel() // a stream that nobody reads any more
	s, err := c.cc.NewStream(ctx, &stdioDesc, "/"+stdioService+"/"+stdioStream, grpc.ForceCodec(codec{}), grpc.MaxCallRecvMsgSize(maxPiece))
	if err != nil {
		return
	}
	if s.SendMsg(&frame{}) != nil || s.CloseSend() != nil {
		return
	}
	for {
		var f frame
		if err := s.RecvMsg(&f); err != nil {
			c.noteLost(err)
			return
		}
		d, err := decodeStdioData(f.b)
		if err != nil {
			c.noteLost(err)
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

// noteLost says that more of the output will not come, unless that is as it should
// be: a plugin without the service, or an end of the connection.
func (c *hostConn) noteLost(err error) {
	switch status.Code(err) {
	case codes.OK, codes.Unimplemented, codes.Unavailable, codes.Canceled:
		return
	}
	if err != io.EOF && c.with.Logger != nil {
		c.with.Logger.Warn("the plugin's output cannot be read any further", "error", err)
	}
}
