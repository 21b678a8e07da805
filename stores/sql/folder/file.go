// Package folder is the craft of a store's folder: its lock, its quarantine, the
// marker of what was acknowledged, and how much room there is.
package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"latchkey/home"
)

// The names of what this package keeps in a folder.
const (
	markerFile = "acked.seq"
	lockFile   = "latchkey.lock"
	quarantine = "quarantine"
)

// Folder is where a store's files live.
type Folder struct {
	Dir   string
	Clock home.Clock
	// Fail is asked before each step that touches the disk; its error stands for
	// the step's failure. nil in the product.
	Fail func(step string) error
}

// Path returns where a file of the folder is.
func (f *Folder) Path(name string) string { return filepath.Join(f.Dir, name) }

func (f *Folder) fail(step string) error {
	if f.Fail == nil {
		return nil
	}
	return f.Fail(step)
}

// Sync makes the folder's names durable.
func Sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// Full reports whether err says that there is no room.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// Try tries the folder out with a small file.
func Try(dir string) error {
	f, err := os.CreateTemp(dir, "try-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(make([]byte, 64<<10))
	return errors.Join(err, f.Sync(), f.Close())
}

// Size returns a file's length, 0 when there is none.
func Size(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// Exists reports whether there is something of that name.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// SetAside moves files, with SQLite's companions, into dir, a folder under
// quarantine. Files that do not exist are passed over.
func (f *Folder) SetAside(dir string, names ...string) error {
	for _, name := range names {
		for _, suffix := range [...]string{"", "-wal", "-shm", "-journal"} {
			from := f.Path(name + suffix)
			if !Exists(from) {
				continue
			}
			if err := os.Rename(from, filepath.Join(dir, name+suffix)); err != nil {
				return fmt.Errorf("move %s to quarantine: %w", from, err)
			}
		}
	}
	return errors.Join(Sync(dir), Sync(f.Dir))
}

// Quarantine makes a folder, named after the moment, for damaged files.
func (f *Folder) Quarantine() (string, error) {
	if err := os.MkdirAll(f.Path(quarantine), 0o700); err != nil {
		return "", err
	}
	stamp := strings.ReplaceAll(strings.ReplaceAll(f.Clock.Now().String(), ":", ""), "-", "")
	base := filepath.Join(f.Path(quarantine), stamp)
	for n := 1; ; n++ {
		dir := base
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", base, n)
		}
		err := os.Mkdir(dir, 0o700)
		if !errors.Is(err, os.ErrExist) {
			return dir, errors.Join(err, Sync(f.Path(quarantine)))
		}
	}
}

// Copy copies what is left of a damaged file, for looking at it.
func Copy(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// writeZeros writes n zero bytes, so that they take room.
func writeZeros(f *os.File, n int64) error {
	zeros := make([]byte, 256<<10)
	for ; n > 0; n -= int64(len(zeros)) {
		if _, err := f.Write(zeros[:min(n, int64(len(zeros)))]); err != nil {
			return err
		}
	}
	return nil
}
