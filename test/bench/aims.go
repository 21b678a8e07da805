package main

import (
	"fmt"
	"os"
	"strings"
)

// aim is something the program is meant to reach, and what was measured.
type aim struct {
	what     string
	wanted   float64
	unit     string
	most     bool // wanted is the most, not the least
	measured float64
	why      string // what stands in the way, for when it is missed
}

func (a *aim) met() bool {
	if a.most {
		return a.measured <= a.wanted
	}
	return a.measured >= a.wanted
}

// summary lists what was wanted and what came out of it.
func (r *report) summary() string {
	var s, why strings.Builder
	s.WriteString("\n## Aims\n\n| what | aim | measured | met |\n|---|---|---|---|\n")
	for i := range r.aims {
		a := &r.aims[i]
		sign, met := "at least", "yes"
		if a.most {
			sign = "at most"
		}
		if !a.met() {
			met = "no"
			if a.why != "" {
				fmt.Fprintf(&why, "- %s: %s\n", a.what, a.why)
			}
		}
		fmt.Fprintf(&s, "| %s | %s %s | %s | %s |\n", a.what, sign, figure(a.wanted, a.unit), figure(a.measured, a.unit), met)
	}
	s.WriteString("\nAims in milliseconds or a second are absolute: they are meant for a machine that does nothing else. See the load average above.\n")
	if why.Len() > 0 {
		s.WriteString("\nWhat stands in the way where an aim is missed:\n\n" + why.String())
	}
	return s.String()
}

func figure(v float64, unit string) string {
	text := fmt.Sprintf("%.2f", v)
	if v >= 10_000 {
		text = thousands(v)
	} else if v >= 100 {
		text = fmt.Sprintf("%.0f", v)
	}
	return strings.TrimSpace(text + " " + unit)
}

// busy is the load that the machine had when the run began.
func busy() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}
