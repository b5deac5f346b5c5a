package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// A Cause is the kind of reason for which a process could not be started.
type Cause string

// The causes.
const (
	BadPath            Cause = "bad path"             // nothing is looked up here
	NotFound           Cause = "not found"            // there is no such file
	IsDirectory        Cause = "is a directory"       //
	NotRegular         Cause = "not a regular file"   // a socket, a device
	NotExecutable      Cause = "no permission to run" // the run bit is missing
	Denied             Cause = "permission denied"    // for another reason
	NoExecMount        Cause = "noexec file system"   //
	NotAProgram        Cause = "not a program"        // text, empty, an archive
	WrongPlatform      Cause = "wrong platform"       // for another system or processor
	Damaged            Cause = "damaged program"      // for this platform, but the kernel refuses it
	InterpreterMissing Cause = "interpreter missing"  // of a script
	LoaderMissing      Cause = "loader missing"       // of a dynamically linked program
	CarriageReturn     Cause = "carriage return"      // a script with the line ends of Windows
	BadDirectory       Cause = "bad directory"        // the working directory
	Busy               Cause = "file busy"            // somebody has it open for writing
	NoResources        Cause = "no resources"         // processes, descriptors, memory
	TooLarge           Cause = "arguments too large"  //
	Unsupported        Cause = "unsupported"          // by this operating system
	Other              Cause = "other"                //
)

// A StartError says why a process could not be started.
type StartError struct {
	// Path is the file that was to be run.
	Path string

	// Cause is the kind of reason.
	Cause Cause

	// Detail says what is wrong. It is a clause about the file: "is built for
	// linux/arm64, this machine is linux/amd64".
	Detail string

	// Hint says what to try. It may be empty.
	Hint string

	// Err is what the operating system said; never nil.
	Err error
}

// Error is one line: what, why, what to try.
func (e *StartError) Error() string {
	s := fmt.Sprintf("cannot start %q: %s", e.Path, e.Detail)
	if e.Cause != Other {
		s += fmt.Sprintf(" (%v)", e.Err)
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap returns what the operating system said.
func (e *StartError) Unwrap() error { return e.Err }

// errNoLookup is what a path without a separator is refused with.
var errNoLookup = errors.New("path has no separator")

// checkPath is the one check that comes before the attempt: the kernel would
// look for a bare name in the working directory, which is nobody's intention.
func checkPath(path string) error {
	if strings.ContainsRune(path, '/') || strings.ContainsRune(path, filepath.Separator) {
		return nil
	}
	return Explain(path, "", errNoLookup)
}

// Explain says why starting the file at path, in the working directory dir,
// failed with err. It looks at the file now, after the fact: asking the kernel
// first leaves nothing that could change between a check and the start. What
// no finding fits is err itself.
func Explain(path, dir string, err error) *StartError {
	f := find(path, dir, err)
	if f.cause == "" {
		f = finding{Other, err.Error(), ""}
	}
	return &StartError{Path: path, Cause: f.cause, Detail: f.detail, Hint: f.hint, Err: err}
}

// A finding is what a StartError adds to the error of the system.
type finding struct {
	cause        Cause
	detail, hint string
}

func find(path, dir string, err error) finding {
	if f := findResource(err); f.cause != "" {
		return f
	}
	file := path
	if dir != "" && !filepath.IsAbs(path) {
		file = filepath.Join(dir, path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrPermission):
		if f := findDir(dir); f.cause != "" {
			return f
		}
		return findFile(file, err)
	case isFormatError(err):
		return findFormat(file)
	}
	return finding{}
}

// findResource knows the errors that say everything by themselves.
func findResource(err error) finding {
	switch {
	case errors.Is(err, errNoLookup):
		return finding{BadPath, "is a name without a slash, and names are not looked up in PATH here",
			`pass what exec.LookPath finds, or "./name" for a file in the working directory`}
	case errors.Is(err, syscall.ETXTBSY):
		return finding{Busy, "is open for writing somewhere",
			"close the file before starting it, or replace it by renaming a new one over it"}
	case errors.Is(err, syscall.E2BIG):
		return finding{TooLarge, "got arguments and environment that are larger than the system allows",
			"pass less, or pass it in a file"}
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return finding{NoResources, "needs descriptors, and this process or the machine is out of them",
			"raise the limit on open files (ulimit -n), or look for files that are never closed"}
	case errors.Is(err, syscall.EAGAIN):
		return finding{NoResources, "needs a process, and this user or control group is at its limit",
			"raise the limit (ulimit -u, or pids.max of the control group), or run less"}
	case errors.Is(err, syscall.ENOMEM):
		return finding{NoResources, "needs memory that the machine does not have", "free some memory, or raise the limit on it"}
	case errors.Is(err, errors.ErrUnsupported):
		return finding{Unsupported, "cannot be started in this way on " + runtime.GOOS, ""}
	}
	return finding{}
}

// findDir looks at the working directory, because the kernel says the same of
// a directory that is missing as of a program that is.
func findDir(dir string) finding {
	if dir == "" {
		return finding{}
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding{BadDirectory, fmt.Sprintf("is to run in the directory %q, which does not exist", dir), "create it, or set another"}
	case err == nil && !info.IsDir():
		return finding{BadDirectory, fmt.Sprintf("is to run in %q, which is not a directory", dir), "set another"}
	case err != nil, !mayEnter(dir):
		return finding{BadDirectory, fmt.Sprintf("is to run in the directory %q, which may not be entered", dir),
			"give this user the right to search it and the directories above it"}
	}
	return finding{}
}

func findFile(file string, err error) finding {
	info, statErr := os.Stat(file)
	switch {
	case errors.Is(statErr, fs.ErrNotExist) && isLink(file):
		return finding{NotFound, "is a symbolic link to a file that does not exist", "correct the link"}
	case errors.Is(statErr, fs.ErrNotExist), errors.Is(statErr, syscall.ENOTDIR):
		return finding{NotFound, "does not exist", "check the path; if it is relative, it counts from the directory that it is to run in, or else from the working directory"}
	case statErr != nil:
		return finding{Denied, "may not be reached", "give this user the right to search the directories above it"}
	case info.IsDir():
		return finding{IsDirectory, "is a directory, not a program", "name the program in it"}
	case !info.Mode().IsRegular():
		return finding{NotRegular, "is not a regular file", ""}
	case errors.Is(err, fs.ErrPermission):
		return findForbidden(file, info)
	}
	return findInterpreter(file)
}

func isLink(file string) bool {
	info, err := os.Lstat(file)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

func findForbidden(file string, info fs.FileInfo) finding {
	switch {
	case info.Mode()&0o111 == 0:
		return finding{NotExecutable, "has no permission to be run", "chmod +x it"}
	case onNoExecMount(file):
		return finding{NoExecMount, "is on a file system that is mounted with noexec", "install it elsewhere, or mount without noexec"}
	}
	if f := findInterpreter(file); f.cause != "" {
		return f
	}
	return finding{Denied, fmt.Sprintf("may not be run by this user (mode %v)", info.Mode()),
		"check its owner and mode, the right to change to other credentials if that was asked for, and the machine's security policy"}
}

// findInterpreter looks at what the kernel runs in order to run the file.
func findInterpreter(file string) finding {
	head := readHead(file)
	if interpreter, line, ok := shebang(head); ok {
		return findScript(interpreter, line)
	}
	loader := elfLoader(head)
	if loader == "" || exists(loader) {
		return finding{}
	}
	// A program for another processor asks for that one's loader, if the kernel
	// has been taught to run it.
	if f := foreign(head); f.cause != "" {
		return f
	}
	hint := "install what provides the loader, or link the program statically (CGO_ENABLED=0)"
	if strings.Contains(loader, "musl") {
		hint = "it is made for a system with musl, such as Alpine: build it for this one, or link it statically (CGO_ENABLED=0)"
	} else if strings.Contains(loader, "ld-linux") {
		hint = "it is made for a system with glibc: build it for this one, or link it statically (CGO_ENABLED=0)"
	}
	return finding{LoaderMissing, fmt.Sprintf("needs the dynamic loader %s, which is not on this machine", loader), hint}
}

func findScript(interpreter, line string) finding {
	if strings.HasSuffix(line, "\r") {
		return finding{CarriageReturn, fmt.Sprintf("is a script whose first line, %q, ends with a carriage return, which the system takes for a part of the interpreter's name", line),
			"save it with the line ends of Unix (dos2unix)"}
	}
	info, err := os.Stat(interpreter)
	switch {
	case interpreter == "":
		return finding{InterpreterMissing, fmt.Sprintf("is a script that names no interpreter in its first line, %q", line), "name one: #!/bin/sh"}
	case errors.Is(err, fs.ErrNotExist):
		return finding{InterpreterMissing, fmt.Sprintf("is a script for the interpreter %s (first line %q), which does not exist", interpreter, line),
			"install it, or correct the line"}
	case err == nil && (info.IsDir() || info.Mode()&0o111 == 0):
		return finding{InterpreterMissing, fmt.Sprintf("is a script for the interpreter %s (first line %q), which cannot be run", interpreter, line), "correct the line"}
	}
	return finding{}
}

// findFormat looks at a file in which the kernel saw no program.
func findFormat(file string) finding {
	head := readHead(file)
	if f := foreign(head); f.cause != "" {
		return f
	}
	if interpreter, line, ok := shebang(head); ok {
		if f := findScript(interpreter, line); f.cause != "" {
			return f
		}
		return finding{NotAProgram, fmt.Sprintf("is a script for %s, which is not a program that can run scripts", interpreter), "correct the first line, " + fmt.Sprintf("%q", line)}
	}
	return contents(head)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
