//go:build browser

package browser_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

const scripts = "../site/theme/js"

// module loads one of the script's modules into a blank page, as the global m.
func module(t *testing.T, name string) *tab {
	t.Helper()
	r := api.Build(api.BuildOptions{
		EntryPoints: []string{scripts + "/" + name},
		Bundle:      true,
		Format:      api.FormatIIFE,
		GlobalName:  "m",
		Charset:     api.CharsetUTF8,
	})
	if len(r.Errors) > 0 {
		t.Fatalf("%+v", r.Errors)
	}
	b := newReader(t, "about:").blank(desktop)
	eval[any](b, string(r.OutputFiles[0].Contents)+";globalThis.m=m;0")
	return b
}

// The server writes figures too: both formatters answer to the same vectors.
func TestFiguresAreTheServers(t *testing.T) {
	t.Parallel()
	vectors, err := os.ReadFile("../market/testdata/figures.json")
	if err != nil {
		t.Fatal(err)
	}
	b := module(t, "figures.js")
	wrong := eval[[]string](b, `(({prices, rates}) => [
		...prices.filter(v => m.price(v.price) !== v.text).map(v => v.price + " → " + m.price(v.price) + ", want " + v.text),
		...rates.map(v => [v, m.rate(v.rate)])
			.filter(([v, got]) => (got.percent ?? "") !== v.text || got.direction !== v.direction)
			.map(([v, got]) => v.rate + " → " + JSON.stringify(got) + ", want " + v.text),
		...(prices.length > 5 && rates.length > 5 ? [] : ["vectors are missing"]),
	])(`+string(vectors)+`)`)
	for _, text := range wrong {
		t.Error(text)
	}
	for given, want := range map[string]string{"null": "null", `"1e5"`: "null", `"12,5"`: "null", `""`: "null"} {
		if got := eval[string](b, `String(m.price(`+given+`))`); got != want {
			t.Errorf("price(%s) = %s, want %s", given, got, want)
		}
	}
}

func TestStatesDropWhatIsOld(t *testing.T) {
	t.Parallel()
	b := module(t, "states.js")
	got := eval[json.RawMessage](b, `(() => {
		const s = new m.States(), heard = [];
		const board = (kind, seq, quotes, asOf) => s.take({kind, seq, state: {topic: "board.x", asOf, quotes}});
		s.watch("board.x", (state) => heard.push(state.asOf));
		board("update", 9, [{key: "A", price: "9"}], "before any snapshot");
		board("snapshot", 4, [{key: "A", price: "1"}, {key: "B", price: "2"}], "first");
		board("update", 6, [{key: "B", price: "3"}], "newer");
		board("update", 5, [{key: "B", price: "4"}], "older");
		board("update", 6, [{key: "B", price: "5"}], "same");
		const known = s.state("board.x").quotes.map((q) => q.key + q.price).join();
		board("snapshot", 1, [{key: "C", price: "7"}], "a server that started anew");
		board("update", 2, [{key: "C", price: "8"}], "and goes on");
		s.take({kind: "snapshot", seq: 1, state: {topic: "site", breaking: {text: "…"}}});
		s.take({kind: "update", seq: 2, state: {topic: "site"}});
		return [heard, known, s.state("board.x").quotes.length, "breaking" in s.state("site"), s.snapshots(["site", "none"]).length];
	})()`)
	want := `[["first","newer","a server that started anew","and goes on"],"A1,B3",1,false,1]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
