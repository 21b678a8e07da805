package demohouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"latchkey"
	"latchkey/hub"
)

// Move makes a real house in a folder of its own, with scenes of a demo.
type Move struct {
	From, To             latchkey.Config // To's folder is empty; see EmptyFolder
	User, Password, Name string          // of the new owner, and of the house
	Scenes               []string        // names
}

// Run makes the house. When that fails, To's folder is as empty as before.
func (m Move) Run(ctx context.Context) (Kept, error) {
	demo, err := latchkey.Open(ctx, m.From, latchkey.Usual(m.From))
	if err != nil {
		return Kept{}, fmt.Errorf("open the demo: %w", err)
	}
	kept, err := m.into(ctx, demo)
	if err := errors.Join(err, demo.Close()); err != nil {
		return Kept{}, errors.Join(err, clean(m.To.Settings.Data))
	}
	return kept, nil
}

func (m Move) into(ctx context.Context, demo *latchkey.Latchkey) (kept Kept, err error) {
	houses := demo.Hub().EveryHouse()
	if len(houses) == 0 {
		return kept, errors.New("the demo was left half made; delete the folder to have a new one")
	}
	house, err := latchkey.Open(ctx, m.To, latchkey.Usual(m.To))
	if err != nil {
		return kept, fmt.Errorf("make the new house: %w", err)
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	h := house.Hub()
	made, err := h.Setup(ctx, hub.SetupRequest{Username: m.User, Password: m.Password, Loopback: true,
		House: &hub.NewHouse{Name: m.Name, TimeZone: houses[0].TimeZone, Language: houses[0].Language}})
	if err != nil {
		return kept, err
	}
	id, err := h.Identify(ctx, hub.Credential{Secret: made.Token, House: made.House.ID})
	if err != nil {
		return kept, err
	}
	kept, err = Keep(ctx, Side{demo.Hub(), Inside(houses[0].ID)}, Side{h, id}, m.Scenes)
	return kept, errors.Join(err, h.SignOut(ctx, id))
}

// EmptyFolder returns to in full, if it does not exist or is empty.
func EmptyFolder(to string) (string, error) {
	to, err := filepath.Abs(to)
	if err != nil {
		return "", err
	}
	there, err := os.ReadDir(to)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if len(there) > 0 {
		return "", fmt.Errorf("%s is not empty; a new house needs a folder of its own", to)
	}
	return to, nil
}

// clean takes away what was begun in a folder that was empty.
func clean(folder string) error {
	there, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, f := range there {
		err = errors.Join(err, os.RemoveAll(filepath.Join(folder, f.Name())))
	}
	return err
}
