package market_test

import (
	"encoding/json"
	"os"
	"testing"

	"sokbo/internal/market"
)

// The page's script writes figures too. Both formatters answer to these vectors;
// the script's side is checked in internal/browser.
func TestFiguresAreTheScripts(t *testing.T) {
	text, err := os.ReadFile("testdata/figures.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Prices []struct{ Price, Text string }
		Rates  []struct{ Rate, Direction, Text string }
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors.Prices {
		if got := market.FormatPrice(v.Price); got != v.Text {
			t.Errorf("FormatPrice(%q) = %q, want %q", v.Price, got, v.Text)
		}
	}
	for _, v := range vectors.Rates {
		if got, direction := market.FormatRate(v.Rate); got != v.Text || string(direction) != v.Direction {
			t.Errorf("FormatRate(%q) = %q, %s, want %q, %s", v.Rate, got, direction, v.Text, v.Direction)
		}
	}
}
