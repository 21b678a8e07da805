package mqtt

import (
	"context"
	"time"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// holdCheck is how often it is asked whether a client's key still holds.
const holdCheck = 400 * time.Millisecond

// watch ends the sessions of keys that no longer hold, whether the client is
// connected or not.
func (b *Broker) watch(ctx context.Context) {
	tick := time.NewTicker(holdCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, cl := range b.server.Clients.GetAll() {
			if s := sessionOf(cl); s != nil {
				b.renew(cl, s)
			}
		}
	}
}

func (b *Broker) renew(cl *mqtt.Client, s *session) {
	now, ask := *s.id.Load(), b.config.House.Renew
	if cl.Closed() {
		ask = b.config.House.Holds
	}
	if err := ask(&now); err != nil {
		b.log.Info("an MQTT session ends with its key", "client", s.name, "key", now.Key)
		dropWill(cl)
		_ = b.server.DisconnectClient(cl, packets.ErrNotAuthorized) // it says what it was told to
		b.server.UnsubscribeClient(cl)
		cl.ClearInflights()
		b.server.Clients.Delete(cl.ID)
		return
	}
	s.id.Store(&now)
}
