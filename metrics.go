package latchkey

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"latchkey/home"
	"latchkey/internal/wire"
)

// metrics is what is counted, for Prometheus to read.
type metrics struct {
	page     http.Handler
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	bytes    prometheus.Counter
	refused  *prometheus.CounterVec
	counters sync.Map // of [2]string{route, status class} to prometheus.Counter
	watches  sync.Map // of wire.Class to prometheus.Observer
}

func newMetrics(l *Latchkey) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_http_requests_total", Help: "Answers, by route and status class."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "latchkey_http_request_seconds", Help: "Time to answer, by class; streams are left out.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}, []string{"class"}),
		bytes:   prometheus.NewCounter(prometheus.CounterOpts{Name: "latchkey_http_sent_bytes_total", Help: "Bytes of answers."}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "latchkey_http_refused_total", Help: "Requests turned away for want of room, by class."}, []string{"class"}),
	}
	r := prometheus.NewRegistry()
	r.MustRegister(m.requests, m.seconds, m.bytes, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("latchkey_limiter_callers", "Callers whose rate is remembered.", func() float64 { return float64(l.limiter.Callers()) }))
	if l.config.Settings.MQTT.Broker != "off" {
		r.MustRegister(
			gauge("latchkey_mqtt_clients", "MQTT clients connected; with another broker, whether we are.", func() float64 { return float64(l.mqtt.stats().Clients) }),
			gauge("latchkey_mqtt_subscriptions", "Subscriptions at the embedded broker.", func() float64 { return float64(l.mqtt.stats().Subscriptions) }),
			counter("latchkey_mqtt_taken_total", "MQTT messages taken in.", func() float64 { return float64(l.mqtt.stats().Taken) }),
			counter("latchkey_mqtt_refused_total", "MQTT messages refused.", func() float64 { return float64(l.mqtt.stats().Refused) }),
			counter("latchkey_mqtt_connections_total", "Connections made to another broker.", func() float64 { return float64(l.mqtt.stats().Connections) }))
	}
	if s, ok := l.store.(home.Sizer); ok {
		r.MustRegister(
			gauge("latchkey_store_bytes", "Bytes on disk.", func() float64 { b, _ := s.Size(); return float64(b) }),
			gauge("latchkey_store_points", "Values kept in the histories.", func() float64 { _, n := s.Size(); return float64(n) }))
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "latchkey_info", Help: "The version.",
		ConstLabels: prometheus.Labels{"version": l.config.Version}}, func() float64 { return 1 }))
	m.page = promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	return m
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
}

func counter(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read)
}

// Done implements wire.Metrics.
func (m *metrics) Done(rt *wire.Route, status int, took time.Duration, sent int64) {
	name := "none"
	if rt != nil {
		name = rt.Name
		if !rt.Stream {
			m.watch(rt.Class).Observe(took.Seconds())
		}
	}
	m.counter(name, status/100).Inc()
	m.bytes.Add(float64(sent))
}

// counterKey names a counter without making a text for each request.
type counterKey struct {
	route string
	class int
}

func (m *metrics) counter(route string, class int) prometheus.Counter {
	key := counterKey{route, class}
	if c, ok := m.counters.Load(key); ok {
		return c.(prometheus.Counter)
	}
	c, _ := m.counters.LoadOrStore(key, m.requests.WithLabelValues(route, strconv.Itoa(class)+"xx"))
	return c.(prometheus.Counter)
}

func (m *metrics) watch(c wire.Class) prometheus.Observer {
	if o, ok := m.watches.Load(c); ok {
		return o.(prometheus.Observer)
	}
	o, _ := m.watches.LoadOrStore(c, m.seconds.WithLabelValues(c.String()))
	return o.(prometheus.Observer)
}

// Refused implements wire.Metrics.
func (m *metrics) Refused(c wire.Class) { m.refused.WithLabelValues(c.String()).Inc() }
