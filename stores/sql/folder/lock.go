package folder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"latchkey/home"
)

// Lock makes the folder and takes it for this process. It returns fatal
// Damage, naming the other process, when one has it already.
func (f *Folder) Lock() (*os.File, error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	file, err := os.OpenFile(f.Path(lockFile), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid, _ := io.ReadAll(io.LimitReader(file, 32))
		_ = file.Close()
		return nil, &home.Damage{Reason: "db_locked", Path: f.Dir, Fatal: true,
			Message: fmt.Sprintf("another Latchkey (process %s) uses the data folder %s; stop it first, or choose another folder", bytes.TrimSpace(pid), f.Dir)}
	}
	if err == nil {
		err = file.Truncate(0)
	}
	if err == nil {
		_, err = file.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	if err != nil && !Full(err) { // a full disk still has a lock
		_ = file.Close()
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	return file, nil
}

// Unlock gives the folder free. Closing alone would not while a process that is
// just being started still shares the file.
func Unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
