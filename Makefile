# Latchkey: what a developer does most. Everything runs on a machine with Go and nothing else;
# a C compiler is used by `make test` for the race detector when there is one.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
PACKAGES    := ./...
FUZZTIME    ?= 10s
CRASHFLAGS  ?=
BENCHFLAGS  ?=
BUILDFLAGS  := -trimpath -buildvcs=auto -ldflags='-s -w'

.PHONY: run build test quick lint fuzz bench crash soak need-go need-mosquitto modules

# A demo house, ready for curl: make run. LATCHKEY_DATA and LATCHKEY_LISTEN are honoured; stop it with Ctrl-C.
run: build
	@exec ./bin/latchkey serve --demo

# One static program: bin/latchkey. Its version comes from git.
build: need-go
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o bin/latchkey ./cmd/latchkey

# Everything that has to hold before a change is done.
test: need-go need-mosquitto modules lint
	CGO_ENABLED=0 $(GO) build -tags noui -o /dev/null ./cmd/latchkey
	@if command -v $${CC:-cc} >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1; then \
		echo "$(GO) test -race -shuffle=on $(PACKAGES)"; CGO_ENABLED=1 $(GO) test -race -shuffle=on -timeout 12m $(PACKAGES); \
	else \
		echo "no C compiler (cc or gcc): the tests run without the race detector"; $(GO) test -shuffle=on -timeout 12m $(PACKAGES); \
	fi

# The tests without the race detector, the long ones shortened.
quick: need-go need-mosquitto
	$(GO) vet $(PACKAGES)
	$(GO) test -short -vet=off -timeout 3m $(PACKAGES)

lint: need-go
	@bad=$$(gofmt -l $$(git ls-files '*.go' 2>/dev/null || find . -name '*.go')); \
		if [ -n "$$bad" ]; then echo "not formatted, run gofmt -w:"; echo "$$bad"; exit 1; fi
	$(GO) vet $(PACKAGES)
	@$(GO) run $(STATICCHECK) -version >/dev/null 2>&1 || { \
		echo "staticcheck could not be fetched or built; it needs the Go module proxy once ($(STATICCHECK)):"; $(GO) run $(STATICCHECK) -version; exit 1; }
	$(GO) run $(STATICCHECK) $(PACKAGES)

# Each fuzz target for FUZZTIME.
fuzz: need-go
	@for package in $$($(GO) list $(PACKAGES)); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

# How fast it is, on this machine. BENCHFLAGS='-h' tells what can be chosen.
bench: build
	$(GO) run ./test/bench $(BENCHFLAGS)

# Kills and power cuts while clients write; every acknowledged write has to be there afterwards.
crash: build
	$(GO) test -tags crash -v -timeout 30m -count=1 ./test/crash/... $(CRASHFLAGS)

# A whole demo house lives for a month in made-up time; nothing may fail and nothing but its history may grow.
soak: need-go
	$(GO) test -tags soak -count=1 -v -timeout 10m ./test/soak

modules: need-go
	@$(GO) mod download || { echo "the modules could not be fetched; is the Go module proxy ($$($(GO) env GOPROXY)) reachable?"; exit 1; }

need-go:
	@command -v $(GO) >/dev/null 2>&1 || { echo "Go is missing. Install Go 1.26 or newer: https://go.dev/doc/install"; exit 1; }
	@$(GO) list -m >/dev/null || { echo "this Go is too old for the project; Go 1.26 or newer is needed ($$($(GO) version))"; exit 1; }

# The tests of MQTT speak to a real mosquitto.
need-mosquitto:
	@PATH="$$PATH:/usr/sbin"; for program in mosquitto mosquitto_pub mosquitto_passwd; do \
		command -v $$program >/dev/null 2>&1 && continue; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo "installing mosquitto, which the tests of MQTT speak to"; \
			{ apt-get install -y mosquitto mosquitto-clients >/dev/null 2>&1 || { apt-get update >/dev/null && apt-get install -y mosquitto mosquitto-clients >/dev/null; }; } && break; \
		fi; \
		echo "$$program is missing; install mosquitto and its clients (Debian: apt-get install mosquitto mosquitto-clients; macOS: brew install mosquitto)"; exit 1; \
	done
