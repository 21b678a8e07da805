package folder

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"syscall"
)

// Marker is what acked.seq says: how many changes have been acknowledged, at
// least, and by which instance. It stands outside the database, so that a
// database that lost its end is found out.
type Marker struct {
	Instance string
	Total    uint64
	There    bool // the file exists
}

func (m Marker) line() string { return fmt.Sprintf("%s %d", m.Instance, m.Total) }

func sumOf(line string) uint32 {
	return crc32.Checksum([]byte(line), crc32.MakeTable(crc32.Castagnoli))
}

// Marker reads the marker. One that cannot be made out is there all the
// same: it says that data existed.
func (f *Folder) Marker() (Marker, error) {
	b, err := os.ReadFile(f.Path(markerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Marker{}, nil
	}
	if err != nil {
		return Marker{}, fmt.Errorf("read the marker of acknowledged changes: %w", err)
	}
	m := Marker{There: true}
	var sum uint32
	if _, err := fmt.Sscanf(string(b), "%s %d %08x\n", &m.Instance, &m.Total, &sum); err != nil || sum != sumOf(m.line()) {
		return Marker{There: true}, nil
	}
	return m, nil
}

// Mark puts the marker in place of the one before: new file, sync, rename,
// sync of the folder.
func (f *Folder) Mark(m Marker) error {
	next := f.Path(markerFile + ".new")
	line := m.line()
	if err := f.writeSynced(next, fmt.Appendf(nil, "%s %08x\n", line, sumOf(line))); err != nil {
		return fmt.Errorf("write the marker: %w", err)
	}
	if err := f.fail("marker.rename"); err != nil {
		return err
	}
	if err := os.Rename(next, f.Path(markerFile)); err != nil {
		return err
	}
	if err := f.fail("marker.folder"); err != nil {
		return err
	}
	return Sync(f.Dir)
}

func (f *Folder) writeSynced(path string, b []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	if err := f.fail("marker.write"); err != nil {
		_, _ = file.Write(b[:len(b)/2]) // a short write
		return errors.Join(err, file.Close())
	}
	if _, err := file.Write(b); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := f.fail("marker.sync"); err != nil {
		return errors.Join(err, file.Close())
	}
	return errors.Join(file.Sync(), file.Close())
}
