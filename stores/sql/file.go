package sql

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

// syncFolder makes the folder's names durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// full reports whether err says that there is no room.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// tryFolder tries the folder out with a small file.
func tryFolder(dir string) error {
	f, err := os.CreateTemp(dir, "try-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(make([]byte, 64<<10))
	return errors.Join(err, f.Sync(), f.Close())
}

// size returns a file's length, 0 when there is none.
func size(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// setAside moves files, with SQLite's companions, into dir, a folder under
// quarantine. Files that do not exist are passed over.
func setAside(c *Config, dir string, names ...string) error {
	for _, name := range names {
		for _, suffix := range [...]string{"", "-wal", "-shm", "-journal"} {
			from := c.path(name + suffix)
			if !exists(from) {
				continue
			}
			if err := os.Rename(from, filepath.Join(dir, name+suffix)); err != nil {
				return fmt.Errorf("move %s to quarantine: %w", from, err)
			}
		}
	}
	return errors.Join(syncFolder(dir), syncFolder(c.Dir))
}

// quarantineFolder makes a folder, named after the moment, for damaged files.
func quarantineFolder(c *Config) (string, error) {
	if err := os.MkdirAll(c.path(quarantine), 0o700); err != nil {
		return "", err
	}
	stamp := strings.ReplaceAll(strings.ReplaceAll(c.Clock.Now().String(), ":", ""), "-", "")
	base := filepath.Join(c.path(quarantine), stamp)
	for n := 1; ; n++ {
		dir := base
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", base, n)
		}
		err := os.Mkdir(dir, 0o700)
		if !errors.Is(err, os.ErrExist) {
			return dir, errors.Join(err, syncFolder(c.path(quarantine)))
		}
	}
}

// copyFile copies what is left of a damaged file, for looking at it.
func copyFile(to, from string) error {
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

// damage makes the Damage of a file, with what to do about it.
func (c *Config) damage(reason, file, format string, args ...any) *home.Damage {
	return &home.Damage{Reason: reason, Path: c.path(file), Message: fmt.Sprintf(format, args...) +
		"; restore the latest verified backup, salvage what still reads, or accept the loss"}
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
