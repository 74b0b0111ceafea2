package local

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	sharedMemory = "/dev/shm"
	tmpfsMagic   = 0x01021994

	// The servers of a whole run hold some 200 MB at a time. The rest is for the
	// tests themselves, and for others on the machine.
	minTmpfs  = 1 << 30
	minMemory = 4 << 30
)

// memoryDir is a directory that lies in memory, or "" when there is none with
// plenty of room.
func memoryDir() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(sharedMemory, &fs); err != nil || int64(fs.Type) != tmpfsMagic { //nolint:unconvert // its type differs between architectures
		return ""
	}
	if int64(fs.Bavail)*int64(fs.Bsize) < minTmpfs || availableMemory() < minMemory { //nolint:unconvert,gosec // as above; no disk has 2⁶³ bytes
		return ""
	}
	info, err := os.Stat(sharedMemory)
	if err != nil || info.Mode()&os.ModeSticky == 0 || info.Mode().Perm() != 0o777 {
		return ""
	}
	return sharedMemory
}

// availableMemory is what programs can still have without swapping, in bytes; 0
// if the system does not say.
func availableMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemAvailable:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
