package market

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// coins are the twelve of the board, in its order. Other lists the names that pages print besides, without
// spaces and in lower case.
var coins = []struct {
	key   string
	name  Text
	other []string
}{
	{"BTC", Text{"비트코인", "Bitcoin", "ビットコイン"}, nil},
	{"ETH", Text{"이더리움", "Ethereum", "イーサリアム"}, nil},
	{"BCH", Text{"비트코인 캐시", "Bitcoin Cash", "ビットコインキャッシュ"}, nil},
	{"XRP", Text{"리플", "XRP", "リップル"}, []string{"엑스알피", "엑스알피(리플)", "리플(엑스알피)", "ripple", "エックスアールピー"}},
	{"SOL", Text{"솔라나", "Solana", "ソラナ"}, nil},
	{"ADA", Text{"에이다", "Cardano", "カルダノ"}, []string{"카르다노", "에이다(카르다노)", "ada", "エイダ"}},
	{"EOS", Text{"이오스", "EOS", "イオス"}, []string{"볼타", "볼타(이오스)", "vaulta", "ボルタ"}},
	{"TRX", Text{"트론", "TRON", "トロン"}, nil},
	{"XLM", Text{"스텔라루멘", "Stellar", "ステラルーメン"}, []string{"stellarlumens", "ステラ"}},
	{"BSV", Text{"비트코인에스브이", "Bitcoin SV", "ビットコインSV"}, []string{"비트코인사토시비전", "비트코인sv"}},
	{"LINK", Text{"체인링크", "Chainlink", "チェーンリンク"}, nil},
	{"SAND", Text{"샌드박스", "The Sandbox", "サンドボックス"}, []string{"더샌드박스", "sandbox"}},
}

// vaulta is what EOS became in 2025, one to one. Its key stays.
var vaulta = Text{"볼타", "Vaulta", "ボルタ"}

var coinKeys = func() map[string]string {
	keys := make(map[string]string)
	for _, c := range coins {
		for _, name := range append([]string{c.name.Ko, c.name.En, c.name.Ja, c.key}, c.other...) {
			keys[folded(name)] = c.key
		}
	}
	return keys
}()

func folded(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), "")) }

// KeyOf returns the key of a row that a page printed under a name: that of a coin known by the name on the
// board of coins, else X- and eight digits of the name's SHA-256.
func KeyOf(board, name string) string {
	if board == Crypto {
		if key, ok := coinKeys[folded(name)]; ok {
			return key
		}
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("X-%X", sum[:4])
}

// What readers are told about where prices come from and where a session stands.
var (
	simulatedSource = Text{"모의 시세", "Simulated prices", "模擬相場"}
	statedSource    = Text{"저장된 지면", "Saved page", "保存された紙面"}
)
