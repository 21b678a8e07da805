package main_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts run the real program, built once.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "latchkey-cli-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "latchkey"), ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
			return 1
		}
		if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("LANG", "C")
			e.Setenv("ADDR", freeAddress())
			return os.Mkdir(filepath.Join(e.WorkDir, "home"), 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await": await, "answers": answers, "damage": damage, "tokenof": tokenOf, "runs": runs,
		},
	})
}

// freeAddress returns a loopback address that nobody listens on just now. The
// scripts need one that stays over restarts.
func freeAddress() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0"
	}
	defer ln.Close()
	return ln.Addr().String()
}

// await waits until the server at an address answers anything on /healthz.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await address")
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		r, err := http.Get("http://" + args[0] + "/healthz")
		if err == nil {
			_ = r.Body.Close()
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	ts.Fatalf("%s does not answer", args[0])
}

// answers asks for a URL and compares the status; type and body become stdout.
// usage: answers STATUS URL [HEADER: VALUE]...
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: answers status url [header: value]...")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, args[1], nil)
	ts.Check(err)
	for _, h := range args[2:] {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	w, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n%s\n", w.Header.Get("Content-Type"), body)
	if fmt.Sprint(w.StatusCode) != args[0] {
		ts.Fatalf("%s: %d, want %s\n%s", args[1], w.StatusCode, args[0], body)
	}
}

// runs runs a file of shell lines, each of which has to print the status 2xx.
func runs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: runs file")
	}
	lines := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		lines++
		c := exec.Command("sh", "-c", strings.Replace(line, "curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1))
		out, err := c.CombinedOutput()
		ts.Check(err)
		if string(out) != "200" {
			ts.Fatalf("%s\nanswered %s", line, out)
		}
	}
	if lines < 3 {
		ts.Fatalf("only %d lines to paste", lines)
	}
}

// damage overwrites the middle of a file, or cuts it off.
// usage: damage head|cut|empty FILE
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage head|cut|empty file")
	}
	name := ts.MkAbs(args[1])
	b, err := os.ReadFile(name)
	ts.Check(err)
	switch args[0] {
	case "head":
		copy(b, "this is not a database at all, but a text")
	case "cut":
		b = b[:len(b)/2]
	case "empty":
		b = nil
	}
	ts.Check(os.WriteFile(name, b, 0o600))
}

// tokenOf puts a member of a JSON file into a variable.
// usage: tokenof FILE MEMBER VARIABLE
func tokenOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: tokenof file member variable")
	}
	_, rest, ok := strings.Cut(ts.ReadFile(args[0]), `"`+args[1]+`":`)
	if !ok {
		ts.Fatalf("no %s in %s", args[1], args[0])
	}
	value, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(rest), `"`), `"`)
	ts.Setenv(args[2], value)
}
