package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what is printed, kept as Markdown.
type report struct {
	head string // what stands before the summary
	text strings.Builder
	aims []aim
}

// aim notes what an aim has come to.
func (r *report) aim(a aim) { r.aims = append(r.aims, a) }

func (r *report) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Println(line)
	r.text.WriteString(line + "\n")
}

func (r *report) begin() {
	r.say("# Benchmarks\n\nWritten by `make bench`. Single figures carry about 15 %% noise; the ratios are medians of alternating rounds of one run.\n")
	r.say("Machine: %s, %d cores, %s, %s. Date: %s.", cpu(), runtime.NumCPU(), runtime.GOOS+"/"+runtime.GOARCH, runtime.Version(), time.Now().UTC().Format("2006-01-02"))
	r.say("The load generator runs on the same cores. Load average when the run began: %s; where it is above 1, others used the machine too, and only the ratios mean something.", busy())
	r.head = r.text.String()
	r.text.Reset()
}

func (r *report) section(title string) { r.say("\n## %s\n", title) }

func (r *report) table(head ...string) {
	r.say("| %s |", strings.Join(head, " | "))
	r.say("|%s", strings.Repeat("---|", len(head)))
}

func (r *report) row(cells ...string) { r.say("| %s |", strings.Join(cells, " | ")) }

// cpu is the name that the processor gives itself.
func cpu() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return "unknown processor"
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}

// percentile returns the p-th percentile (0 to 1) of durations.
func percentile(v []time.Duration, p float64) time.Duration {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[min(int(float64(len(v))*p), len(v)-1)]
}

// thousands writes a count for people.
func thousands(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.1f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

// micros writes a duration in microseconds, or milliseconds when it is long.
func micros(d time.Duration) string {
	if d >= 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.0f us", float64(d)/1e3)
}
