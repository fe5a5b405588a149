package ingest_test

import (
	"testing"
	"time"

	"sokbo/internal/ingest"
)

func TestJapanesePage(t *testing.T) {
	zone := time.FixedZone("JST", 9*3600)
	p, r, err := ingest.ParsePage([]byte(`ソフト開発大手、国産AI基盤に3000億円投資へ

公開 2024年6月20日(木) 16時34分  更新 2024年6月20日 18:00

国内のソフト開発大手が、人工知能（AI）の計算基盤に3000億円を投じる。3年で設備を2倍に増やす。

社長は20日の会見で「自前の基盤を持つ」と述べた。

「順番を変えるだけだ」
`), zone)
	if err != nil {
		t.Fatal(err)
	}
	if p.Language != "ja" || p.Headline != "ソフト開発大手、国産AI基盤に3000億円投資へ" {
		t.Errorf("language %s, headline %q", p.Language, p.Headline)
	}
	if want := time.Date(2024, 6, 20, 16, 34, 0, 0, zone); !p.Published.Equal(want) || !p.Modified.Equal(want.Add(86*time.Minute)) {
		t.Errorf("published %v, modified %v", p.Published, p.Modified)
	}
	if n := len(p.Body.Blocks()); n < 2 {
		t.Errorf("%d blocks of the text were taken:\n%v", n, r)
	}
}
