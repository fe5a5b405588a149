# What each target needs beyond Go it installs itself on Debian and Ubuntu (see .ci/need).

# The race detector watches our code, not the SQLite driver, which it would slow down ten to fifty times.
RACE = -race -gcflags='modernc.org/...=-race=false'
# One PostgreSQL for all packages of a run.
POSTGRES = go run ./internal/db/dbtest/withpostgres --

.PHONY: build generate check test test-browser test-kill bench soak pictures

build:
	go build -trimpath -o bin/sokbo ./cmd/sokbo

# The page script and style bundles are committed, so that a fresh clone needs only Go.
generate:
	go generate ./...

check:
	@test -z "$$(gofmt -l cmd internal bench)" || { gofmt -l cmd internal bench; echo "make: gofmt -w these files"; exit 1; }
	go vet ./...
	go vet -tags 'browser kill' ./...

test: check
	.ci/need postgresql gcc
	$(POSTGRES) go test $(RACE) ./...

test-browser:
	.ci/need chromium fonts
	go test -tags browser -count=1 -timeout 20m ./internal/browser/...

test-kill:
	.ci/need postgresql
	go test -tags kill -v -count=1 -timeout 20m ./internal/killtest/... -kills 20

# Long runs, outside CI.
soak:
	.ci/need postgresql
	go test -tags kill -v -count=1 -timeout 6h ./internal/killtest/... -kills 500

bench:
	.ci/need postgresql
	go run ./bench

# The README's pictures, taken from a running program.
pictures:
	.ci/need chromium fonts
	go run -tags browser ./internal/browser/shoot
