package tenontest

import (
	"os"
	"path/filepath"
	"strings"
)

// descriptors returns what /proc says of the open descriptors.
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	all := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if err != nil || ownDescriptor(target) {
			continue // the one that the directory was read with is gone
		}
		all[e.Name()+" "+target] = e.Name() + ": " + target
	}
	return all
}

// ownDescriptor reports whether a descriptor is one that the Go runtime opens
// once, when it first needs it.
func ownDescriptor(target string) bool {
	return target == "anon_inode:[eventpoll]" || target == "anon_inode:[eventfd]"
}

// children returns the processes that this one has not waited for.
func children() map[string]string {
	all := map[string]string{}
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		pids, _ := os.ReadFile(list)
		for pid := range strings.FieldsSeq(string(pids)) {
			if text, ok := describe(pid); ok {
				all[pid] = text
			}
		}
	}
	return all
}

// describe says which program a process runs, and whether it has ended.
func describe(pid string) (text string, ok bool) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", false
	}
	end := strings.LastIndexByte(string(stat), ')')
	_, name, _ := strings.Cut(string(stat[:end]), "(")
	text = pid + " (" + name + ")"
	if strings.HasPrefix(string(stat[end+1:]), " Z") {
		text += ", a zombie: it has ended, and nobody has waited for it"
	}
	return text, true
}
