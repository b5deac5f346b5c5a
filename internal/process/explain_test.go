package process

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// elfFile is a minimal program header: for a machine, and with a loader if one
// is named.
func elfFile(machine uint16, osabi byte, kind uint16, loader string) []byte {
	b := make([]byte, 64+56)
	copy(b, "\x7fELF\x02\x01\x01")
	b[7] = osabi
	le := binary.LittleEndian
	le.PutUint16(b[16:], kind)
	le.PutUint16(b[18:], machine)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	if loader != "" {
		le.PutUint16(b[56:], 1)
		le.PutUint32(b[64:], 3)
		le.PutUint32(b[68:], 4)
		le.PutUint64(b[72:], uint64(len(b)))
		le.PutUint64(b[96:], uint64(len(loader)+1))
		le.PutUint64(b[104:], uint64(len(loader)+1))
		b = append(b, loader+"\x00"...)
	}
	return b
}

func peFile(machine uint16) []byte {
	b := make([]byte, 256)
	copy(b, "MZ")
	b[60] = 128
	copy(b[128:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(b[132:], machine)
	return b
}

func TestPlatformOf(t *testing.T) {
	here := runtime.GOOS
	if here == "darwin" || here == "windows" {
		here = "linux"
	}
	big := elfFile(22<<8, 0, 2, "") // s390x is big-endian
	big[5] = 2
	for _, c := range []struct {
		want string
		head []byte
	}{
		{here + "/amd64", elfFile(62, 0, 2, "")},
		{here + "/arm64", elfFile(183, 3, 2, "")},
		{here + "/riscv64", elfFile(243, 0, 2, "")},
		{here + "/s390x", big},
		{here + "/processor 4711", elfFile(4711, 0, 2, "")},
		{"freebsd/amd64", elfFile(62, 9, 2, "")},
		{"openbsd/arm64", elfFile(183, 12, 2, "")},
		{"windows/amd64", peFile(0x8664)},
		{"windows/arm64", peFile(0xaa64)},
		{"darwin/arm64", []byte("\xcf\xfa\xed\xfe\x0c\x00\x00\x01")},
		{"darwin/amd64 darwin/arm64", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x02" +
			"\x01\x00\x00\x07" + strings.Repeat("\x00", 16) + "\x01\x00\x00\x0c" + strings.Repeat("\x00", 16))},
		{"wasip1/wasm js/wasm", []byte("\x00asm\x01\x00\x00\x00")},
		{"", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x41")},
		{"", []byte("MZ")},
		{"", []byte("\x7fELF")},
		{"", nil},
	} {
		if got, ok := platformOf(c.head); got != c.want || ok != (c.want != "") {
			t.Errorf("%.20q: %q, %v; want %q", c.head, got, ok, c.want)
		}
	}
}

func TestContents(t *testing.T) {
	for want, head := range map[string]string{
		"is empty":                     "",
		"text file without #!":         "echo hello\n",
		"byte order mark":              "\xef\xbb\xbf#!/bin/sh\n",
		"archive of compiled code":     "!<arch>\n",
		"zip archive":                  "PK\x03\x04",
		"gzip":                         "\x1f\x8b\x08",
		"class of Java":                "\xca\xfe\xba\xbe\x00\x00\x00\x41",
		"cut off":                      "\x7fELF\x02",
		"object file":                  string(elfFile(62, 0, 1, "")),
		"core dump":                    string(elfFile(62, 0, 4, "")),
		"but damaged":                  string(elfFile(62, 0, 2, "")),
		"not in any format":            "\x00\x01\x02\x03",
		"is a text file without #! in": strings.Repeat("ä", 300) + "x", // cut in the middle of a letter
	} {
		if f := contents([]byte(head)); !strings.Contains(f.detail, want) || f.cause == "" {
			t.Errorf("%.20q: %+v, want %q", head, f, want)
		}
	}
}

// TestExplainErrno has the errors that need no file to look at.
func TestExplainErrno(t *testing.T) {
	for err, cause := range map[error]Cause{
		errNoLookup: BadPath, syscall.ETXTBSY: Busy, syscall.E2BIG: TooLarge, syscall.EMFILE: NoResources,
		syscall.ENFILE: NoResources, syscall.EAGAIN: NoResources, syscall.ENOMEM: NoResources,
		errors.ErrUnsupported: Unsupported, syscall.EIO: Other,
	} {
		e := Explain("/some/plugin", "", &fs.PathError{Op: "fork/exec", Path: "/some/plugin", Err: err})
		if e.Cause != cause || !errors.Is(e, err) || !strings.HasPrefix(e.Error(), `cannot start "/some/plugin": `) {
			t.Errorf("%v: %q, %v", err, e.Cause, e)
		}
	}
}

func TestExplainFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes and scripts are those of Unix")
	}
	dir := t.TempDir()
	write := func(name, content string, mode fs.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	enoent, eacces, enoexec := error(syscall.ENOENT), error(syscall.EACCES), error(syscall.ENOEXEC)
	for _, c := range []struct {
		path, dir string
		err       error
		cause     Cause
		says      []string
	}{
		{dir + "/none", "", enoent, NotFound, []string{"does not exist"}},
		{link, "", enoent, NotFound, []string{"symbolic link"}},
		{write("file", "", 0o755) + "/none", "", syscall.ENOTDIR, NotFound, nil},
		{"./x", dir + "/nodir", enoent, BadDirectory, []string{dir + "/nodir", "does not exist"}},
		{"./x", dir + "/file", syscall.ENOTDIR, BadDirectory, []string{"not a directory"}},
		{"./file2", dir, enoent, NotFound, nil},
		{dir, "", eacces, IsDirectory, nil},
		{"/dev/null", "", eacces, NotRegular, nil},
		{write("norun", "#!/bin/sh\n", 0o644), "", eacces, NotExecutable, []string{"chmod +x"}},
		{write("denied", "", 0o755), "", eacces, Denied, []string{"-rwxr-xr-x"}},
		{write("nointerp", "#!/opt/none/python3 -u\n", 0o755), "", enoent, InterpreterMissing,
			[]string{"/opt/none/python3", `"#!/opt/none/python3 -u"`}},
		{write("badinterp", "#!/etc\n", 0o755), "", eacces, InterpreterMissing, []string{"cannot be run"}},
		{write("unnamed", "#!\n", 0o755), "", enoexec, InterpreterMissing, []string{"names no interpreter"}},
		{write("crlf", "#!/bin/sh\r\necho\r\n", 0o755), "", enoent, CarriageReturn, []string{"carriage return", "dos2unix"}},
		{write("musl", string(elfFile(62, 0, 2, "/lib/ld-musl-none.so.1")), 0o755), "", enoent, LoaderMissing,
			[]string{"/lib/ld-musl-none.so.1", "Alpine"}},
		{write("empty", "", 0o755), "", enoexec, NotAProgram, []string{"is empty"}},
		{write("windows", string(peFile(0x8664)), 0o755), "", enoexec, WrongPlatform,
			[]string{"windows/amd64", runtime.GOOS + "/" + runtime.GOARCH, "GOARCH=" + runtime.GOARCH}},
	} {
		e := Explain(c.path, c.dir, c.err)
		if e.Cause != c.cause || !errors.Is(e, c.err) {
			t.Errorf("%s: cause %q, want %q: %v", c.path, e.Cause, c.cause, e)
		}
		for _, part := range c.says {
			if !strings.Contains(e.Error(), part) {
				t.Errorf("%s: %q does not say %q", c.path, e, part)
			}
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(elfFile(62, 0, 2, "/lib/ld.so"))
	f.Add(peFile(0x8664))
	f.Add([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x02"))
	f.Add([]byte("#! /bin/sh -e\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		platformOf(head)
		foreign(head)
		elfLoader(head)
		shebang(head)
		if contents(head).detail == "" {
			t.Error("nothing to say")
		}
	})
}
