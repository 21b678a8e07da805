package hub_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/home"
	"latchkey/hub"
)

func TestAStateIsKeptAndCurrent(t *testing.T) {
	f := open(t)
	told := f.report(home.Report{Feature: "mqtt:my-phone-presence", Value: home.Num(1)})
	s := f.current("mqtt:my-phone-presence")
	if s == nil || s.Value != home.Num(1) || s.Seq != told.Seq || s.At != f.Now() {
		t.Fatalf("current is %+v, told %+v", s, told)
	}
	if h := f.history("mqtt:my-phone-presence"); len(h) != 1 || h[0].Seq != told.Seq {
		t.Fatalf("history is %v", h)
	}
	if len(s.Cause) == 0 || s.Cause[0].Kind != "account" {
		t.Errorf("cause is %v", s.Cause)
	}
}

func TestABatchIsAllOrNothing(t *testing.T) {
	f := open(t)
	head, err := f.Head(f.owner)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Report(f.ctx, f.owner, home.Report{Feature: "probe:t", Value: home.Num(20)}, home.Report{Feature: "probe:t", Value: home.Num(99)})
	wantCode(t, err, home.Unprocessable, "value_refused")
	if f.current("probe:t") != nil {
		t.Error("half of a refused batch is kept")
	}
	if now, _ := f.Head(f.owner); now != head {
		t.Errorf("a refused batch drew numbers: %d to %d", head, now)
	}
}

func TestBadStatesAreRefused(t *testing.T) {
	f := open(t)
	nan, inf := 0.0, 1.0
	nan /= nan
	inf /= 0 * inf
	for name, c := range map[string]struct {
		report home.Report
		code   home.Code
	}{
		"unknown feature": {home.Report{Feature: "nope", Value: home.Num(1)}, home.NotFound},
		"binary 2":        {home.Report{Feature: "lamp:on", Value: home.Num(2)}, home.Unprocessable},
		"below minimum":   {home.Report{Feature: "probe:t", Value: home.Num(-41)}, home.Unprocessable},
		"NaN":             {home.Report{Feature: "probe:t", Value: home.Num(nan)}, home.Unprocessable},
		"infinite":        {home.Report{Feature: "probe:t", Value: home.Num(inf)}, home.Unprocessable},
		"text for number": {home.Report{Feature: "probe:t", Value: home.Txt("20")}, home.Unprocessable},
		"number for text": {home.Report{Feature: "note:text", Value: home.Num(1)}, home.Unprocessable},
		"NUL in text":     {home.Report{Feature: "note:text", Value: home.Txt("a\x00b")}, home.Unprocessable},
		"not UTF-8":       {home.Report{Feature: "note:text", Value: home.Txt("\xff")}, home.Unprocessable},
		"long text":       {home.Report{Feature: "note:text", Value: home.Txt(string(make([]byte, 5000)))}, home.Unprocessable},
		"history in 2099": {home.Report{Feature: "probe:t", Value: home.Num(1), At: 4_070_908_800_000, Explicit: true}, home.Unprocessable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Report(f.ctx, f.owner, c.report)
			wantCode(t, err, c.code, "")
		})
	}
	_, err := f.Report(f.ctx, f.owner, make([]home.Report, hub.MaxReports+1)...)
	wantCode(t, err, home.Unprocessable, "")
	_, err = f.Report(f.ctx, f.owner)
	wantCode(t, err, home.Unprocessable, "")
}

func TestTimesAreBelievedByRule(t *testing.T) {
	f := open(t)
	now := f.Now()
	f.report(home.Report{Feature: "probe:t", Value: home.Num(1), At: now.Add(-time.Minute)})
	if s := f.current("probe:t"); s.At != now.Add(-time.Minute) || s.Flagged {
		t.Errorf("a believable time is %+v", s)
	}
	f.report(home.Report{Feature: "probe:t", Value: home.Num(2), At: now.Add(-2 * time.Minute)})
	if s := f.current("probe:t"); s.Value != home.Num(1) {
		t.Errorf("an older report became current: %+v", s)
	}
	for i, at := range []home.Time{now.Add(6 * time.Minute), now.Add(-31 * 24 * time.Hour), 86400_000, 4_070_908_800_000} {
		v := home.Num(float64(3 + i))
		f.report(home.Report{Feature: "probe:t", Value: v, At: at})
		if s := f.current("probe:t"); s.Value != v || s.At != now || !s.Flagged {
			t.Errorf("a live report of %s became %+v", at, s)
		}
	}
	old := moment(t, "2019-01-01T00:00:00+02:00")
	f.report(home.Report{Feature: "probe:t", Value: home.Num(-5), At: old, Explicit: true})
	if s := f.current("probe:t"); s.Value == home.Num(-5) {
		t.Error("history became current")
	}
	if h := f.history("probe:t"); h[0].At != old || h[0].Value != home.Num(-5) {
		t.Errorf("history begins with %+v", h[0])
	}
}

func moment(t *testing.T, s string) home.Time {
	t.Helper()
	m, err := home.ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAClockThatGoesBackLeavesTheNewestCurrent(t *testing.T) {
	f := open(t)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(1)})
	f.clock.forward(-14 * 24 * time.Hour)
	f.report(home.Report{Feature: "probe:t", Value: home.Num(2)})
	if s := f.current("probe:t"); s.Value != home.Num(2) {
		t.Errorf("what was reported last is not current: %+v", s)
	}
}

func TestACommandBecomesTheState(t *testing.T) {
	f := open(t)
	done, err := f.Command(f.ctx, f.owner, "lamp:on", home.Num(1))
	if err != nil {
		t.Fatal(err)
	}
	s := f.current("lamp:on")
	if s.Value != home.Num(1) || s.Cause[len(s.Cause)-1].ID != done.ID {
		t.Errorf("state is %+v after %+v", s, done)
	}
	_, err = f.Command(f.ctx, f.owner, "mqtt:my-phone-presence", home.Num(1))
	wantCode(t, err, home.Unprocessable, "feature_read_only")
	_, err = f.Command(f.ctx, f.owner, "lamp:on", home.Num(5))
	wantCode(t, err, home.Unprocessable, "value_refused")
	_, err = f.Command(f.ctx, f.owner, "nope", home.Num(1))
	wantCode(t, err, home.NotFound, "feature_unknown")
	f.driver.fail = home.Errorf(home.Unavailable, "no answer")
	_, err = f.Command(f.ctx, f.owner, "lamp:on", home.Num(0))
	wantCode(t, err, home.Unavailable, "")
	if s := f.current("lamp:on"); s.Value != home.Num(1) {
		t.Error("a failed command changed the state")
	}
}

func TestADriverReportsOnlyItsOwn(t *testing.T) {
	f := open(t)
	err := f.Reporter("zigbee")(f.ctx, f.house.ID, nil, home.Report{Feature: "lamp:on", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "feature_unknown")
}

func TestAPhonesPositionIsKept(t *testing.T) {
	f := open(t)
	at := f.Now().Add(-time.Minute)
	fix := hub.Fix{Kind: "location", Phone: "Pixel 9", Position: home.Position{At: at, Latitude: 0, Longitude: 0, Battery: ptr(55.0), Accuracy: ptr(12.0)}}
	if _, err := f.Locate(f.ctx, f.owner, fix); err != nil {
		t.Fatal(err)
	}
	m := f.member(f.owner.Account)
	if m.Position == nil || m.Position.At != at || *m.Position.Battery != 55 {
		t.Fatalf("position is %+v", m.Position)
	}
	if s := f.current(m.Position.Phone + ":battery"); s == nil || s.Value != home.Num(55) || s.At != at {
		t.Errorf("battery is %+v", s)
	}
	fix.Position.Latitude = 91
	_, err := f.Locate(f.ctx, f.owner, fix)
	wantCode(t, err, home.Unprocessable, "position_refused")
	fix.Position.Latitude, fix.Position.At = 1, at.Add(-time.Hour)
	if _, err := f.Locate(f.ctx, f.owner, fix); err != nil {
		t.Fatal(err)
	}
	if m := f.member(f.owner.Account); m.Position.At != at {
		t.Error("an older position took the newer one's place")
	}
	devices, _ := f.Devices(f.ctx, f.owner)
	if len(devices) != 5 {
		t.Errorf("%d devices; the phone is made once", len(devices))
	}
}

func TestEventsAndMessagesAreTold(t *testing.T) {
	f := open(t)
	s, err := f.Follow(f.ctx, f.owner, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Tell(f.ctx, f.owner, hub.NewEvent{Type: "doorbell.pressed", Data: json.RawMessage(`{"door":"front"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Message(f.ctx, f.owner, "bonjour"); err != nil {
		t.Fatal(err)
	}
	if e := waitFor(t, f, s, "custom.doorbell.pressed"); string(e.Data) != `{"door":"front"}` {
		t.Errorf("data is %s", e.Data)
	}
	for _, n := range []hub.NewEvent{{Type: ""}, {Type: "a b"}, {Type: "ok", Data: json.RawMessage(`[1]`)}, {Type: "ok", Data: json.RawMessage(`{"a":`)},
		{Type: "ok", Subject: "a\nb"}, {Type: "ok", At: f.Now().Add(time.Hour)}} {
		_, err := f.Tell(f.ctx, f.owner, n)
		wantCode(t, err, home.Unprocessable, "event_refused")
	}
	_, err = f.Message(f.ctx, f.owner, "")
	wantCode(t, err, home.Unprocessable, "message_refused")
}

func TestRetentionErasesWhatIsOld(t *testing.T) {
	f := open(t)
	f.device("meter", hub.NewFeature{ExternalID: "meter:p", Category: "energy-sensor", Type: "power", Retention: 2})
	for range 5 {
		f.report(home.Report{Feature: "meter:p", Value: home.Num(5)})
		f.clock.forward(24 * time.Hour)
	}
	if err := f.Sweep(f.ctx); err != nil {
		t.Fatal(err)
	}
	if h := f.history("meter:p"); len(h) != 2 {
		t.Errorf("kept %d of 5 days, want 2", len(h))
	}
	if err := f.EraseHistory(f.ctx, f.owner, "meter:p", 0, 0); err != nil {
		t.Fatal(err)
	}
	if h := f.history("meter:p"); len(h) != 0 || f.current("meter:p") == nil {
		t.Errorf("after erasing: %v, current %v", h, f.current("meter:p"))
	}
}

func TestReportsThatDoNotWaitEndInOrder(t *testing.T) {
	f := open(t)
	var order []float64
	var all sync.WaitGroup
	for i := range 200 {
		all.Add(1)
		err := f.ReportThen(f.owner, func(told []hub.Told, err error) {
			defer all.Done()
			if err != nil {
				t.Error(err)
			}
			order = append(order, float64(told[0].Seq))
		}, home.Report{Feature: "probe:t", Value: home.Num(float64(i % 50))})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if !slices.IsSorted(order) || len(order) != 200 {
		t.Errorf("ended as %v", order)
	}
	err := f.ReportThen(f.owner, nil, home.Report{Feature: "nope", Value: home.Num(1)})
	wantCode(t, err, home.NotFound, "feature_unknown")
}
