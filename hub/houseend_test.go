package hub_test

import (
	"testing"

	"latchkey/home"
	"latchkey/hub"
)

func TestADeletedHouseIsGone(t *testing.T) {
	f := open(t)
	second, err := f.CreateHouse(f.ctx, f.owner, hub.NewHouse{Name: "Cabin"})
	if err != nil {
		t.Fatal(err)
	}
	key, secret, err := f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.OpenKey, Name: "phone"})
	if err != nil {
		t.Fatal(err)
	}
	f.report(home.Report{Feature: "probe:t", Value: home.Num(20)})
	if err := f.SaveRun(f.ctx, home.Run{ID: "r", House: f.house.ID, Scene: "s", Status: "done"}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.QueueRequest(f.ctx, f.owner, home.Request{Method: "GET", URL: "http://127.0.0.1:9/"}); err != nil {
		t.Fatal(err)
	}
	pat, patSecret, err := f.CreateKey(f.ctx, f.owner, hub.NewKey{Kind: home.TokenKey, Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, f.DeleteHouse(f.ctx, f.identify(patSecret), 0), home.Forbidden, "right_missing")
	wantCode(t, f.DeleteHouse(f.ctx, f.owner, 99), home.Stale, "version_stale")
	if err := f.DeleteHouse(f.ctx, f.owner, 1); err != nil {
		t.Fatal(err)
	}
	_, err = f.House(f.ctx, f.owner)
	wantCode(t, err, home.NotFound, "house_unknown")
	_, err = f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "house_unknown")
	for _, s := range []string{secret, patSecret} {
		_, err = f.Identify(f.ctx, hub.Credential{Secret: s})
		wantCode(t, err, home.Unauthorized, "")
	}
	if houses, _ := f.Houses(f.ctx, f.owner); len(houses) != 1 || houses[0].ID != second.ID {
		t.Errorf("houses are %v", houses)
	}
	f.Close()
	again, err := hub.New(f.ctx, hub.Config{Store: f.store, Clock: f.clock.time, Drivers: []home.Driver{f.driver}})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for _, kind := range []string{home.KindDevice, home.KindRequest, home.KindScene, home.KindRoom, home.KindRun} {
		err := f.store.Records(f.ctx, home.RecordQuery{Kind: kind}, func(r home.Record) error {
			t.Errorf("left: %s %s", r.Kind, r.ID)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, _ = key, pat
}
