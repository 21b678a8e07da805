//go:build crash

package crash

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// load posts states by the Open API, each with a value of its own, and notes
// those that were acknowledged.
type load struct {
	url, key string
	writers  int
	pause    time.Duration // between a writer's states; 0 = flat out

	mu    sync.Mutex
	acked map[string][]float64 // by feature
	next  float64
	other []string // answers that were neither 200 nor a broken connection
}

func feature(writer int) string { return fmt.Sprintf("rig:f%d", writer) }

// run posts until ctx ends.
func (l *load) run(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.writers}, Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	var writers sync.WaitGroup
	for w := range l.writers {
		writers.Go(func() {
			for ctx.Err() == nil {
				l.post(ctx, client, feature(w))
				if l.pause > 0 {
					wait(ctx, l.pause)
				}
			}
		})
	}
	writers.Wait()
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (l *load) value() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next
}

func (l *load) post(ctx context.Context, client *http.Client, feature string) {
	v := l.value()
	body := fmt.Sprintf(`{"device_feature_external_id":%q,"state":%v}`, feature, v)
	res, err := client.Post(l.url+"/v1/api/device/state/"+l.key, "application/json", strings.NewReader(body))
	if err != nil {
		wait(ctx, time.Millisecond)
		return
	}
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if res.StatusCode == 200 {
		l.acked[feature] = append(l.acked[feature], v)
	} else {
		l.other = append(l.other, fmt.Sprintf("%d %s", res.StatusCode, text))
	}
}

// count returns how many states have been acknowledged.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, vs := range l.acked {
		n += len(vs)
	}
	return n
}
