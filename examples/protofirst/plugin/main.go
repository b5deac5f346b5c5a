// Command plugin keeps notes in memory. It is an ordinary implementation of a
// gRPC service.
package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenon-go/tenon/examples/protofirst/notes"
	"github.com/tenon-go/tenon/plugin"
)

type server struct {
	notes.UnimplementedNotesServer

	mu  sync.Mutex
	all []string
}

func (s *server) Add(_ context.Context, n *notes.Note) (*notes.AddResponse, error) {
	if n.GetText() == "" {
		return nil, status.Error(codes.InvalidArgument, "a note has a text")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, n.GetText())
	return &notes.AddResponse{Count: int64(len(s.all))}, nil
}

func (s *server) List(in *notes.ListRequest, out grpc.ServerStreamingServer[notes.Note]) error {
	s.mu.Lock()
	all := slices.Clone(s.all)
	s.mu.Unlock()
	for _, text := range all {
		if !strings.Contains(text, in.GetWord()) {
			continue
		}
		if err := out.Send(&notes.Note{Text: text}); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	plugin.Main(notes.App, notes.Contract.Serve(&server{}))
}
