package sql

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
)

// marker is what acked.seq says: how many changes have been acknowledged, at
// least, and by which instance. It stands outside the database, so that a
// database that lost its end is found out.
type marker struct {
	instance string
	total    uint64
	there    bool // the file exists
}

func (m marker) line() string { return fmt.Sprintf("%s %d", m.instance, m.total) }

func sumOf(line string) uint32 {
	return crc32.Checksum([]byte(line), crc32.MakeTable(crc32.Castagnoli))
}

// readMarker reads the marker. One that cannot be made out is there all the
// same: it says that data existed.
func readMarker(c *Config) (marker, error) {
	b, err := os.ReadFile(c.path(markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return marker{}, nil
	}
	if err != nil {
		return marker{}, fmt.Errorf("read the marker of acknowledged changes: %w", err)
	}
	m := marker{there: true}
	var sum uint32
	if _, err := fmt.Sscanf(string(b), "%s %d %08x\n", &m.instance, &m.total, &sum); err != nil || sum != sumOf(m.line()) {
		return marker{there: true}, nil
	}
	return m, nil
}

// write puts the marker in place of the one before: new file, sync, rename,
// sync of the folder.
func (m marker) write(c *Config) error {
	next := c.path(markerFile + ".new")
	line := m.line()
	if err := writeSynced(c, next, fmt.Appendf(nil, "%s %08x\n", line, sumOf(line))); err != nil {
		return fmt.Errorf("write the marker: %w", err)
	}
	if err := c.fail("marker.rename"); err != nil {
		return err
	}
	if err := os.Rename(next, c.path(markerFile)); err != nil {
		return err
	}
	if err := c.fail("marker.folder"); err != nil {
		return err
	}
	return syncFolder(c.Dir)
}

func writeSynced(c *Config, path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := c.fail("marker.write"); err != nil {
		_, _ = f.Write(b[:len(b)/2]) // a short write
		return errors.Join(err, f.Close())
	}
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := c.fail("marker.sync"); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}
