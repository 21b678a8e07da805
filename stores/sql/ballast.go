package sql

import (
	"errors"
	"os"
	"syscall"

	"latchkey/stores/sql/folder"
)

// giveBallast gives the ballast's room up and reports whether there was any.
func (s *Store) giveBallast() bool {
	path := s.cfg.path(ballastFile)
	if folder.Size(path) == 0 || s.cfg.fail("ballast.remove") != nil || os.Remove(path) != nil {
		return false
	}
	s.cfg.Log.Warn("the disk is full: the reserve was given up so that erasing works", "bytes", ballastSize)
	return true
}

// keepBallast makes the ballast when there is none and twice the room
// for it.
func (s *Store) keepBallast() error {
	path := s.cfg.path(ballastFile)
	if folder.Size(path) >= ballastSize || folder.Room(s.cfg.Dir) < 2*ballastSize {
		return nil
	}
	next := path + ".new"
	err := s.fillBallast(next)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return nil
}

func (s *Store) fillBallast(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	if err = s.cfg.fail("ballast.write"); err == nil {
		err = folder.Reserve(f, ballastSize)
	}
	if err == nil {
		err = s.cfg.fail("ballast.sync")
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
