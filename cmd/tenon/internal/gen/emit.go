package gen

import (
	"fmt"
	"os"

	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/golang"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/ledger"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/model"
	"github.com/tenon-go/tenon/cmd/tenon/internal/gen/protobuf"
)

// assign numbers what crosses, and says what has changed since the last time.
func assign(p *model.Package, old []byte, breaking bool) ([]ledger.Change, error) {
	report, err := ledger.Assign(p, old, ledger.Options{Breaking: breaking})
	if err != nil {
		return nil, err
	}
	return report.Changes, nil
}

// emit makes the files of a package, by base name.
func emit(p *model.Package) (map[string][]byte, error) {
	proto, err := protobuf.Emit(p)
	if err != nil {
		return nil, fmt.Errorf("writing the .proto: %w", err)
	}
	files, err := golang.Emit(p)
	if err != nil {
		return nil, fmt.Errorf("writing Go: %w", err)
	}
	files[p.ProtoFile] = proto
	return files, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
