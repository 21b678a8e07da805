package folder_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"latchkey/stores/sql/folder"
)

func at(dir string) *folder.Folder {
	return &folder.Folder{Dir: dir, Clock: func() time.Time { return time.UnixMilli(1_774_764_000_000) }}
}

func TestMarker(t *testing.T) {
	f := at(t.TempDir())
	if m, err := f.Marker(); err != nil || m.There {
		t.Fatalf("no marker: %+v, %v", m, err)
	}
	for _, total := range []uint64{1, 1 << 40} {
		if err := f.Mark(folder.Marker{Instance: "abc", Total: total}); err != nil {
			t.Fatal(err)
		}
		if m, err := f.Marker(); err != nil || m != (folder.Marker{Instance: "abc", Total: total, There: true}) {
			t.Errorf("the marker came back as %+v, %v", m, err)
		}
	}
	good, err := os.ReadFile(f.Path("acked.seq"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		for _, b := range [][]byte{good[:i], append(append([]byte{}, good[:i]...), append([]byte{good[i] ^ 1}, good[i+1:]...)...)} {
			if err := os.WriteFile(f.Path("acked.seq"), b, 0o600); err != nil {
				t.Fatal(err)
			}
			m, err := f.Marker()
			if err != nil || !m.There || m.Total != 0 && m.Total != 1<<40 {
				t.Errorf("%q is read as %+v, %v", b, m, err)
			}
		}
	}
}

func TestMarkerStaysWholeWhenAStepFails(t *testing.T) {
	for _, step := range []string{"marker.write", "marker.sync", "marker.rename"} {
		f := at(t.TempDir())
		if err := f.Mark(folder.Marker{Instance: "abc", Total: 7}); err != nil {
			t.Fatal(err)
		}
		f.Fail = func(name string) error {
			if name == step {
				return syscall.EIO
			}
			return nil
		}
		if err := f.Mark(folder.Marker{Instance: "abc", Total: 8}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", step, err)
		}
		if m, err := f.Marker(); err != nil || m.Total != 7 {
			t.Errorf("%s: the marker is %+v, %v", step, m, err)
		}
	}
}

func TestQuarantine(t *testing.T) {
	f := at(t.TempDir())
	for _, name := range []string{"a.db", "a.db-wal", "b"} {
		if err := os.WriteFile(f.Path(name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one, err := f.Quarantine()
	if err != nil {
		t.Fatal(err)
	}
	two, err := f.Quarantine()
	if err != nil || one == two {
		t.Fatalf("two of one moment: %s and %s, %v", one, two, err)
	}
	if err := f.SetAside(one, "a.db", "none"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.db", "a.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(one, name)); err != nil || string(b) != name || folder.Exists(f.Path(name)) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if !folder.Exists(f.Path("b")) {
		t.Error("a file that was not named was moved")
	}
}

func TestRoom(t *testing.T) {
	dir := t.TempDir()
	if folder.Room(dir) <= 0 {
		t.Error("no room")
	}
	f, err := os.Create(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := folder.Reserve(f, 1<<20); err != nil || folder.Size(f.Name()) != 1<<20 {
		t.Errorf("%d bytes, %v", folder.Size(f.Name()), err)
	}
	if err := folder.Try(dir); err != nil {
		t.Error(err)
	}
}

// A link that somebody put into the folder does not lead the program to write
// over another file.
func TestLinksAreNotFollowed(t *testing.T) {
	for _, name := range []string{"latchkey.lock", "acked.seq.new"} {
		f := at(t.TempDir())
		other := filepath.Join(t.TempDir(), "other")
		if err := os.WriteFile(other, []byte("dear to somebody"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(other, f.Path(name)); err != nil {
			t.Fatal(err)
		}
		lock, lockErr := f.Lock()
		if lock != nil {
			defer folder.Unlock(lock)
		}
		if markErr := f.Mark(folder.Marker{Instance: "abc", Total: 7}); lockErr == nil && markErr == nil {
			t.Errorf("%s may be a link", name)
		}
		if b, err := os.ReadFile(other); err != nil || string(b) != "dear to somebody" {
			t.Errorf("through %s the other file became %q, %v", name, b, err)
		}
	}
}
