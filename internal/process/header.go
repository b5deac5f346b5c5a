package process

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unicode/utf8"
)

// The headers are read by hand. debug/elf, debug/macho and debug/pe would do,
// but this package is linked into each plugin too, and they bring DWARF,
// compression and tables along, to look at some twenty bytes. They also refuse
// a file that is damaged further back.

// readHead returns the beginning of a file: enough for every header that is
// looked at here.
func readHead(file string) []byte {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer f.Close()
	head, _ := io.ReadAll(io.LimitReader(f, 16<<10))
	return head
}

// shebang returns the interpreter that a script names, and its first line.
func shebang(head []byte) (interpreter, line string, ok bool) {
	rest, ok := bytes.CutPrefix(head, []byte("#!"))
	if !ok {
		return "", "", false
	}
	first, _, _ := bytes.Cut(rest, []byte("\n"))
	line = string(head[:min(len(first)+2, 256)])
	if words := strings.Fields(line[2:]); len(words) > 0 {
		interpreter = words[0]
	}
	return interpreter, line, true
}

// foreign tells a program that was built for another system or processor.
func foreign(head []byte) finding {
	platform, ok := platformOf(head)
	here := runtime.GOOS + "/" + runtime.GOARCH
	if !ok || strings.Contains(" "+platform+" ", " "+here+" ") {
		return finding{}
	}
	platform = strings.ReplaceAll(platform, " ", ", ")
	return finding{WrongPlatform, fmt.Sprintf("is built for %s, this machine is %s", platform, here),
		fmt.Sprintf("get the one for this machine, or build it with GOOS=%s GOARCH=%s", runtime.GOOS, runtime.GOARCH)}
}

// platformOf names the platforms that a program is built for, separated by
// spaces: a universal binary of macOS has several.
func platformOf(head []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")) && len(head) >= 20:
		return elfOS(head) + "/" + elfArch(head), true
	case bytes.HasPrefix(head, []byte("MZ")) && len(head) >= 64:
		return peplatform(head)
	case bytes.HasPrefix(head, []byte("\xcf\xfa\xed\xfe")), bytes.HasPrefix(head, []byte("\xce\xfa\xed\xfe")):
		if len(head) < 8 {
			return "", false
		}
		return "darwin/" + machoArch(binary.LittleEndian.Uint32(head[4:])), true
	case bytes.HasPrefix(head, []byte("\xca\xfe\xba\xbe")):
		return universal(head)
	case bytes.HasPrefix(head, []byte("\x00asm")):
		return "wasip1/wasm js/wasm", true
	}
	return "", false
}

// elfOS can be sure only of systems that sign their programs. The others,
// Linux among them, leave the field zero.
func elfOS(head []byte) string {
	switch head[7] {
	case 0, 3:
		if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
			return "linux"
		}
		return runtime.GOOS
	case 2:
		return "netbsd"
	case 6:
		return "solaris"
	case 9:
		return "freebsd"
	case 12:
		return "openbsd"
	}
	return fmt.Sprintf("system %d", head[7])
}

func elfOrder(head []byte) binary.ByteOrder {
	if head[5] == 2 {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func elfArch(head []byte) string {
	big, wide := head[5] == 2, head[4] == 2
	pick := func(yes bool, a, b string) string {
		if yes {
			return a
		}
		return b
	}
	machine := elfOrder(head).Uint16(head[18:])
	switch machine {
	case 3:
		return "386"
	case 8:
		return pick(wide, "mips64", "mips") + pick(big, "", "le")
	case 21:
		return "ppc64" + pick(big, "", "le")
	case 22:
		return "s390x"
	case 40:
		return "arm"
	case 62:
		return pick(wide, "amd64", "x32")
	case 183:
		return pick(big, "arm64be", "arm64")
	case 243:
		return pick(wide, "riscv64", "riscv32")
	case 258:
		return "loong64"
	}
	return fmt.Sprintf("processor %d", machine)
}

// elfLoader returns the dynamic loader that a program asks for, or "".
func elfLoader(head []byte) string {
	if !bytes.HasPrefix(head, []byte("\x7fELF")) || len(head) < 64 {
		return ""
	}
	order, wide := elfOrder(head), head[4] == 2
	table, size, count := uint64(order.Uint32(head[28:])), order.Uint16(head[42:]), order.Uint16(head[44:])
	if wide {
		table, size, count = order.Uint64(head[32:]), order.Uint16(head[54:]), order.Uint16(head[56:])
	}
	for i := range uint64(count) {
		entry := slice(head, table+i*uint64(size), uint64(size))
		const interp, smallest = 3, 32
		if len(entry) < smallest || order.Uint32(entry) != interp {
			continue
		}
		offset, length := uint64(order.Uint32(entry[4:])), uint64(order.Uint32(entry[16:]))
		if wide && len(entry) >= 40 {
			offset, length = order.Uint64(entry[8:]), order.Uint64(entry[32:])
		}
		return string(bytes.TrimRight(slice(head, offset, length), "\x00"))
	}
	return ""
}

// slice is head[offset:][:length], or nil if that is not all there.
func slice(head []byte, offset, length uint64) []byte {
	n := uint64(len(head))
	if offset > n || length > n-offset {
		return nil
	}
	return head[offset : offset+length]
}

func peplatform(head []byte) (string, bool) {
	header := slice(head, uint64(binary.LittleEndian.Uint32(head[60:])), 6)
	if !bytes.HasPrefix(header, []byte("PE\x00\x00")) {
		return "", false
	}
	machine := binary.LittleEndian.Uint16(header[4:])
	arch, ok := map[uint16]string{0x14c: "386", 0x1c4: "arm", 0x8664: "amd64", 0xaa64: "arm64"}[machine]
	if !ok {
		arch = fmt.Sprintf("processor %#x", machine)
	}
	return "windows/" + arch, true
}

func machoArch(cpu uint32) string {
	arch, ok := map[uint32]string{7: "386", 12: "arm", 0x01000007: "amd64", 0x0100000c: "arm64"}[cpu]
	if !ok {
		return fmt.Sprintf("processor %#x", cpu)
	}
	return arch
}

// universal reads the table of a universal binary. A class of Java begins with
// the same four bytes, followed by a version that is larger than any number of
// processors.
func universal(head []byte) (string, bool) {
	if len(head) < 8 {
		return "", false
	}
	count := binary.BigEndian.Uint32(head[4:])
	if count == 0 || count > 20 {
		return "", false
	}
	var platforms []string
	for i := range uint64(count) {
		entry := slice(head, 8+20*i, 20)
		if entry == nil {
			break
		}
		platforms = append(platforms, "darwin/"+machoArch(binary.BigEndian.Uint32(entry)))
	}
	return strings.Join(platforms, " "), len(platforms) > 0
}

// contents names what a file is that is no program for any machine.
func contents(head []byte) finding {
	const unpack = "unpack it, and start the program in it"
	switch {
	case len(head) == 0:
		return finding{NotAProgram, "is empty", "build or download it again: the last attempt was cut short"}
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return elfContents(head)
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf#!")):
		return finding{NotAProgram, "is a script with a byte order mark before its #!, which hides it from the system", "save it as UTF-8 without a byte order mark"}
	case bytes.HasPrefix(head, []byte("!<arch>\n")):
		return finding{NotAProgram, "is an archive of compiled code, which is what go build makes of a package that is not main", "build the directory that holds package main"}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return finding{NotAProgram, "is a zip archive", unpack}
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return finding{NotAProgram, "is compressed with gzip", unpack}
	case bytes.HasPrefix(head, []byte("\xca\xfe\xba\xbe")):
		return finding{NotAProgram, "is a compiled class of Java", "start java with it"}
	case isText(head):
		return finding{NotAProgram, "is a text file without #! in its first line", "begin a script with a line that names its interpreter, such as #!/bin/sh"}
	}
	return finding{NotAProgram, "is not in any format that this system can run", "build or download it again"}
}

func elfContents(head []byte) finding {
	if len(head) < 20 {
		return finding{Damaged, "is cut off in its header", "build or download it again"}
	}
	const relocatable, core = 1, 4
	switch elfOrder(head).Uint16(head[16:]) {
	case relocatable:
		return finding{NotAProgram, "is an object file, not a linked program", "link it"}
	case core:
		return finding{NotAProgram, "is a core dump", "name the program"}
	}
	return finding{Damaged, "is built for this machine, but damaged", "build or download it again"}
}

// isText looks at the first bytes only. The last few may be part of a character
// that was cut.
func isText(head []byte) bool {
	head = head[:min(len(head), 512)]
	for range utf8.UTFMax - 1 {
		if len(head) > 0 && !utf8.Valid(head) {
			head = head[:len(head)-1]
		}
	}
	return utf8.Valid(head) && !bytes.ContainsRune(head, 0)
}
