package native

import (
	"encoding/json"
	"net/http"
	"strconv"

	"latchkey/dialects/native/rest"
	"latchkey/dialects/native/stream"
	"latchkey/home"
	"latchkey/internal/wire"
)

type followQuery struct {
	Since *uint64 `query:"since" doc:"the last order number that you have; from now on when left out"`
}

type socketQuery struct {
	followQuery
	House home.ID `query:"house" doc:"the id of the house asked for"`
	Auth  string  `query:"auth" enum:"header,message" doc:"message = the first message says who asks; so it is for browsers, which send an Origin, without this"`
}

const streamDoc = "The first message says {\"type\":\"hello\",\"outcome\":...,\"head\":N}: live (from now on), nothing (nothing was missed), " +
	"replay (what was missed comes now) or gap (it is no longer kept: the current values of all devices stand in snapshot). " +
	"Then one JSON object for each entry of the log, in order."

func (a *api) streams() []rest.Operation {
	return []rest.Operation{
		rest.Raw(rest.Spec{Method: http.MethodGet, Path: "/events/stream", Name: "stream_events", Tag: "events", Right: home.ReadState, Class: wire.Read, Stream: true,
			Title: home.Label{EN: "Follow the log (server-sent events)", FR: "Suivre le journal (server-sent events)"}, Gives: []string{"text/event-stream"},
			Doc: streamDoc + " Last-Event-ID counts as since. A stream that ends says why: event: cut."}, a.streamEvents),
		rest.Raw(rest.Spec{Method: http.MethodGet, Path: "/events/ws", Name: "follow_events", Tag: "events", Right: home.ReadState, Class: wire.Read, Stream: true,
			Title: home.Label{EN: "Follow the log (WebSocket)", FR: "Suivre le journal (WebSocket)"}, Status: http.StatusSwitchingProtocols, Gives: []string{"application/json"}, Anonymous: true,
			Doc: streamDoc + " The token stands in the Authorization header or, for browsers and with auth=message, in the first message, {\"token\": \"...\"}, within 5 seconds. " +
				"Close codes: 4008 read too slowly (resume with since), 4401 the credential has ended, 4403 not allowed, 1009 frame over 64 KiB."}, a.followEvents),
	}
}

func (a *api) follow(c *rest.Call, id *home.Identity, since *uint64) (*stream.Follower, error) {
	s, err := a.hub.Follow(c, id, since)
	if err != nil {
		return nil, err
	}
	f := &stream.Follower{Stream: s}
	if s.Snapshot != nil {
		f.Snapshot, err = json.Marshal(deviceList{shownDevices(s.Snapshot)})
	}
	return f, err
}

func (a *api) streamEvents(c *rest.Call, in *followQuery) error {
	since := in.Since
	if last := c.Request.Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil {
			return home.Errorf(home.Invalid, "Last-Event-ID is an order number, not %.40q", last).Because("parameter_invalid")
		}
		since = &n
	}
	f, err := a.follow(c, c.ID, since)
	if err != nil {
		return err
	}
	return a.stream.Events(c, c.Writer, f)
}

func (a *api) followEvents(c *rest.Call, in *socketQuery) error {
	secret, _, err := wire.Credential(c.Request, wire.RouteOf(c.Request))
	asks := home.AsError(err)
	browser := in.Auth == "message" || in.Auth == "" && c.Request.Header.Get("Origin") != ""
	later := asks != nil && asks.Reason == wire.ReasonNoKey && browser && stream.IsUpgrade(c.Request)
	if asks != nil && !later {
		return asks
	}
	var id *home.Identity
	if !later {
		if id, err = c.Admit(secret, in.House, home.ReadState); err != nil {
			return err
		}
	}
	if err := stream.CheckHandshake(c.Request, a.origins); err != nil {
		return err
	}
	start := func(secret string) (*stream.Follower, error) {
		who := id
		if later {
			var err error
			if who, err = c.Admit(secret, in.House, home.ReadState); err != nil {
				return nil, err
			}
		}
		return a.follow(c, who, in.Since)
	}
	return a.stream.Socket(c, c.Writer, c.Request, start, later)
}
