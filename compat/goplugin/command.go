package plugin

import (
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

// As package os/exec says it.
var (
	errStdoutSet = errors.New("exec: Stdout already set")
	errStderrSet = errors.New("exec: Stderr already set")
)

// publishProcess sets Cmd.Process: programs look there for the plugin's pid.
func publishProcess(cmd *exec.Cmd, pid int) {
	if cmd == nil {
		return
	}
	if p, err := os.FindProcess(pid); err == nil {
		cmd.Process = p
	}
}

// contextOf is what was given to exec.CommandContext. The command is not started by
// package exec, which alone has access to it, and a plugin that is not ended by its
// context would be a change that nobody notices until it hurts. If a later Go calls
// the field something else, there is no context.
func contextOf(cmd *exec.Cmd) context.Context {
	if cmd != nil {
		f := reflect.ValueOf(cmd).Elem().FieldByName("ctx")
		if f.IsValid() && f.Type() == reflect.TypeFor[context.Context]() && !f.IsNil() {
			return *(*context.Context)(unsafe.Pointer(f.UnsafeAddr()))
		}
	}
	return context.Background()
}

// openProgram checks the program, if there is something to check it against.
func (l *launch) openProgram(ctx context.Context) error {
	if l.cfg.SecureConfig == nil {
		return nil
	}
	path := ""
	if l.cfg.Cmd != nil {
		path = l.cfg.Cmd.Path
	}
	var err error
	l.file, err = l.cfg.SecureConfig.open(ctx, path)
	return err
}

func (l *launch) closeProgram() {
	if l.file != nil {
		l.file.Close()
	}
}

// canRunFile reports whether it is the open file that is run, not what its name
// leads to.
func (l *launch) canRunFile() bool {
	return l.file != nil && runtime.GOOS == "linux" && !l.file.script && l.cfg.Cmd != nil && isPlain(l.cfg.Cmd)
}

// notes are what can be seen of a file, for an error about it.
func notes(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nAdditional notes about plugin:\n  Path: %s\n  Mode: %s\n", path, info.Mode())
	b.WriteString(owner(info))
	if kind, machine := binary(path); kind != "" {
		fmt.Fprintf(&b, "  %s architecture: %s (current architecture: %s)\n", kind, machine, runtime.GOARCH)
	}
	return b.String()
}

// binary says what a program was built for.
func binary(path string) (kind, machine string) {
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		return "ELF", f.Machine.String()
	}
	if f, err := macho.Open(path); err == nil {
		defer f.Close()
		return "MachO", f.Cpu.String()
	}
	if f, err := pe.Open(path); err == nil {
		defer f.Close()
		names := map[uint16]string{
			pe.IMAGE_FILE_MACHINE_I386: "386", pe.IMAGE_FILE_MACHINE_ARM: "arm", pe.IMAGE_FILE_MACHINE_AMD64: "amd64",
			pe.IMAGE_FILE_MACHINE_ARM64: "arm64", pe.IMAGE_FILE_MACHINE_LOONGARCH64: "loong64",
		}
		if name := names[f.Machine]; name != "" {
			return "PE", name
		}
		return "PE", "unknown"
	}
	return "", ""
}
