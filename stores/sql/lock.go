package sql

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"latchkey/home"
)

// lockFolder makes the folder and takes it for this process. It returns fatal
// Damage, naming the other process, when one has it already.
func lockFolder(c *Config) (*os.File, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(c.path(lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, _ := io.ReadAll(io.LimitReader(f, 32))
		_ = f.Close()
		return nil, &home.Damage{Reason: "db_locked", Path: c.Dir, Fatal: true,
			Message: fmt.Sprintf("another Latchkey (process %s) uses the data folder %s; stop it first, or choose another folder", bytes.TrimSpace(pid), c.Dir)}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	if err != nil && !full(err) { // a full disk still has a lock
		_ = f.Close()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return f, nil
}

// unlock gives the folder free. Closing alone would not while a process that is
// just being started still shares the file.
func unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
