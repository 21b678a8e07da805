package sql

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"latchkey/home"
	"latchkey/stores/sql/folder"
)

// codeOf returns SQLite's primary result code of err, 0 when it has none.
func codeOf(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// corrupt reports whether err says that a file is not what SQLite wrote.
func corrupt(err error) bool {
	switch codeOf(err) {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}

// failure turns what a write met into what a caller may read.
func (s *Store) failure(err error) error {
	switch code := codeOf(err); {
	case code == sqlite3.SQLITE_FULL, folder.Full(err):
		return unavailable("storage_full", err)
	case code == sqlite3.SQLITE_READONLY, errors.Is(err, syscall.EROFS):
		return unavailable("storage_readonly", err)
	case code == sqlite3.SQLITE_IOERR, code == sqlite3.SQLITE_CANTOPEN:
		// SQLite does not say which error the system gave; the folder does.
		if cause := s.tryWriting(); folder.Full(cause) {
			return unavailable("storage_full", errors.Join(err, cause))
		} else if errors.Is(cause, syscall.EROFS) {
			return unavailable("storage_readonly", errors.Join(err, cause))
		}
	}
	return fmt.Errorf("write to %s: %w", s.cfg.path(coreFile), err)
}

// tryWriting asks the system why it takes no more.
func (s *Store) tryWriting() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err == nil {
		longest := max(folder.Size(s.cfg.path(coreFile)), folder.Size(s.cfg.path(coreFile+"-wal")))
		if uint64(longest)+pageSize > limit.Cur {
			return syscall.EFBIG
		}
	}
	return folder.Try(s.cfg.Dir)
}

func unavailable(reason string, cause error) *home.Error {
	e := &home.Error{Code: home.Unavailable, Reason: reason, Cause: cause, RetryAfter: retryAfter}
	switch reason {
	case "storage_full":
		e.Message = "the disk is full, so nothing can be saved; free some space on the server, it goes on by itself"
	case "storage_readonly":
		e.Message = "the server's storage may only be read, so nothing can be saved; make the data folder writable"
	case "storage_closed":
		e.Message = "the server is shutting down and saves nothing any more; try again in a moment"
	}
	return e
}
