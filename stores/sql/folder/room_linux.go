package folder

import (
	"os"
	"syscall"
)

// Room returns the bytes that the folder's disk has left.
func Room(dir string) int64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0
	}
	return int64(st.Bavail) * int64(st.Bsize)
}

// Reserve makes f n bytes long, with real room behind them.
func Reserve(f *os.File, n int64) error {
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, n); err == nil {
		return nil
	}
	return writeZeros(f, n)
}
