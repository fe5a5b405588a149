package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"sokbo/internal/accept"
	"sokbo/internal/fault"
)

// Assets are the files of this build, each under an address that names its bytes.
type Assets struct {
	byName map[string]*asset
}

type asset struct {
	hash     string
	kind     assetKind
	variants [accept.Encodings]func() variant
}

// A variant is what is sent in one coding, made when first asked for.
type variant struct {
	body   []byte
	header []field // with the body; the first two also with 304
	etag   string
}

type assetKind struct {
	contentType string
	compress    bool
}

// The machine's own table of types differs from machine to machine.
var assetKinds = map[string]assetKind{
	".css":         {"text/css; charset=utf-8", true},
	".js":          {"text/javascript; charset=utf-8", true},
	".json":        {"application/json", true},
	".svg":         {"image/svg+xml", true},
	".txt":         {"text/plain; charset=utf-8", true},
	".webmanifest": {"application/manifest+json", true},
	".ico":         {"image/x-icon", true},
	".png":         {"image/png", false},
	".jpg":         {"image/jpeg", false},
	".webp":        {"image/webp", false},
	".woff2":       {"font/woff2", false},
}

// NewAssets reads all files of fsys. Their names are theirs without folders.
func NewAssets(fsys fs.FS) (*Assets, error) {
	a := &Assets{byName: map[string]*asset{}}
	err := fs.WalkDir(fsys, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := path.Base(file)
		kind, ok := assetKinds[path.Ext(name)]
		if !ok {
			return fmt.Errorf("web: asset %s has a type that is not known; add it to assetKinds", file)
		}
		if a.byName[name] != nil {
			return fmt.Errorf("web: asset %s has the name of another one; rename it", file)
		}
		body, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		f := &asset{hash: hex.EncodeToString(sum[:8]), kind: kind}
		for e := range f.variants {
			f.variants[e] = sync.OnceValue(func() variant { return f.variant(accept.Encoding(e), body) })
		}
		a.byName[name] = f
		return nil
	})
	return a, err
}

// URL returns the address of a file. It panics where there is none of that name: the name stands in a
// template of this build.
func (a *Assets) URL(name string) string {
	f := a.byName[name]
	if f == nil {
		panic("web: there is no asset " + name)
	}
	return "/assets/" + f.hash + "/" + name
}

// Route answers the addresses that URL returns.
func (a *Assets) Route() Route {
	return Route{
		Pattern: "GET /assets/{hash}/{name}",
		Rule:    Rule{Who: Anyone, Object: "a file of this build, by the hash of its bytes", Cache: Immutable},
		Handle:  a.serve,
	}
}

func (a *Assets) serve(w http.ResponseWriter, r *http.Request) error {
	f := a.byName[r.PathValue("name")]
	if f == nil || f.hash != r.PathValue("hash") {
		return fault.New(fault.NotFound, "no-asset", "there is no such file in this build; reload the page")
	}
	coding := accept.Identity
	if f.kind.compress {
		coding = accept.Negotiate(r.Header["Accept-Encoding"])
	}
	v := f.variants[coding]()
	h := w.Header()
	if f.kind.compress {
		h["Vary"] = []string{"Accept-Encoding"}
	}
	h["Etag"] = []string{v.etag}
	if accept.Has(r.Header["If-None-Match"], v.etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	for _, field := range v.header {
		h[field.name] = field.values
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(v.body)
	}
	return nil
}

func (f *asset) variant(e accept.Encoding, body []byte) variant {
	body = compress(e, body)
	sum := sha256.Sum256(body)
	v := variant{body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
	v.header = []field{{"Content-Type", []string{f.kind.contentType}}, {"Content-Length", []string{strconv.Itoa(len(body))}}}
	if e != accept.Identity {
		v.header = append(v.header, field{"Content-Encoding", []string{e.String()}})
	}
	return v
}

// compress takes the time that it takes: it is done once in a process.
func compress(e accept.Encoding, body []byte) []byte {
	var b bytes.Buffer
	var z io.WriteCloser
	var err error
	switch e {
	case accept.Identity:
		return body
	case accept.Brotli:
		z = brotli.NewWriterLevel(&b, brotli.BestCompression)
	case accept.Zstd:
		z, err = zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(1<<20))
	case accept.Gzip:
		z, err = gzip.NewWriterLevel(&b, gzip.BestCompression)
	}
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // constant options, and a buffer does not fail
	}
	return bytes.Clone(b.Bytes())
}
