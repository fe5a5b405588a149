//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

const interimPage = `<!DOCTYPE html><html lang="ko" data-size="m" data-theme="auto"><meta charset=utf-8><link rel=icon href="data:,"><title>x</title>
<body data-live="%s"><button data-pause aria-pressed=false hidden>멈춤</button><span data-connection></span>
<section data-board="crypto"><p data-session></p><button data-aloud aria-pressed=false hidden>읽기</button><table><tr data-key="BTC" data-state="live"><th><span data-name>비트코인</span><small data-state-word></small></th><td data-price>1,000</td>
<td data-rate data-direction=up><span data-arrow>▲</span><span data-word></span><span data-percent></span></td></tr></table><p><span data-basis="24h"></span><time data-asof datetime="2026-11-23T14:00:00.123+09:00">14:00:00</time></p></section>
<p data-aloud-status role=status></p><p style></p>
<script type="application/json" id="words">{"none":"–","up":"상승","down":"하락","flat":"보합","state":{"stale":"지연 {time}"},"session":{"always":"24시간"},"updating":"갱신 중","late":"지연 · {time} 기준","paused":"멈춤 · {time} 기준","aloud":"{name} {price}, {direction} {percent}","aloudOn":"켰습니다","aloudOff":"껐습니다"}</script>
<script src="/page.js"></script></body></html>`

func interim(t *testing.T) string {
	m := http.NewServeMux()
	m.HandleFunc("/page.js", func(w http.ResponseWriter, r *http.Request) {
		b, _ := os.ReadFile("../site/theme/dist/page.js")
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(b)
	})
	m.HandleFunc("/other", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<title>other</title><link rel=icon href=data:,>other")
	})
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		topics := "board.crypto,site"
		if n := strings.TrimPrefix(r.URL.Path, "/articles/"); n != r.URL.Path {
			topics += ",article." + n
		}
		fmt.Fprintf(w, interimPage, topics)
	})
	m.HandleFunc("/live", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
		fmt.Fprint(w, "retry: 1000\n\n")
		c := http.NewResponseController(w)
		seq := 0
		frame := func(kind, topic string) {
			seq++
			now := time.Now().UTC().Format("2006-01-02T15:04:05.000Z07:00")
			quotes := ""
			if topic == "board.crypto" {
				quotes = fmt.Sprintf(`,"asOf":%q,"session":{"state":"always","date":"2026-11-23","note":""},"quotes":[{"key":"BTC","name":"비트코인","source":"x","price":"%d","changeRate":"0.0%d","basis":"24h","at":%q,"state":"live"}]`, now, 1000+seq, 100+seq%900, now)
			}
			fmt.Fprintf(w, "event: %s\nid: %d\ndata: {\"topic\":%q%s}\n\n", kind, seq, topic, quotes)
		}
		for _, topic := range strings.Split(r.FormValue("topics"), ",") {
			frame("snapshot", topic)
		}
		c.Flush()
		for range time.Tick(100 * time.Millisecond) {
			if r.Context().Err() != nil {
				return
			}
			frame("update", "board.crypto")
			if c.Flush() != nil {
				return
			}
		}
	})
	s := httptest.NewServer(m)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}
