package carrier

import (
	"errors"
	"fmt"
	"os"
)

// Socket is not there on Windows, which has no sockets to inherit.
type Socket struct{ Carrier }

// NewSocket returns an error.
func NewSocket(*os.File) (*Socket, error) {
	return nil, fmt.Errorf("socket carrier on Windows: %w", errors.ErrUnsupported)
}
