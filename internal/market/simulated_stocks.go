package market

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The stocks of the simulated market. No such companies exist.
var stocks = [...]struct {
	name   Text
	anchor int64 // won, about which the price stays over the months
}{
	{Text{"한빛반도체", "Hanbit Semiconductor", "ハンビット半導体"}, 191_000},
	{Text{"동서전자", "Dongseo Electronics", "ドンソ電子"}, 63_800},
	{Text{"동해해운", "Donghae Marine", "東海海運"}, 35_450},
	{Text{"서림제약", "Seorim Pharma", "ソリム製薬"}, 65_900},
	{Text{"누리로봇", "Nuri Robotics", "ヌリロボット"}, 14_330},
	{Text{"청명에너지", "Cheongmyeong Energy", "チョンミョンエナジー"}, 9_230},
	{Text{"백두건설", "Baekdu Construction", "白頭建設"}, 21_850},
	{Text{"가람정밀", "Garam Precision", "カラム精密"}, 7_420},
	{Text{"나루물산", "Naru Trading", "ナル物産"}, 48_300},
	{Text{"다온바이오랩", "Daon Biolab", "ダオンバイオラボ"}, 117_500},
	{Text{"라온식품공업", "Raon Foods", "ラオン食品工業"}, 1_745},
	{Text{"마루금속", "Maru Metals", "マル金属"}, 3_260},
	{Text{"바른중공업", "Bareun Heavy Industries", "バルン重工業"}, 128_400},
	{Text{"새벽항공우주", "Saebyeok Aerospace", "セビョク航空宇宙"}, 412_000},
	{Text{"솔뫼화학", "Solmoe Chemical", "ソルメ化学"}, 27_600},
	{Text{"아라조선해양", "Ara Shipbuilding", "アラ造船海洋"}, 18_240},
	{Text{"여울소프트", "Yeoul Soft", "ヨウルソフト"}, 5_610},
	{Text{"은하디스플레이", "Eunha Display", "ウンハディスプレイ"}, 11_080},
	{Text{"이든게임즈랩", "Eden Games Lab", "イドゥンゲームズラボ"}, 24_950},
	{Text{"자람교육", "Jaram Education", "チャラム教育"}, 2_385},
	{Text{"차오름전지", "Chaoreum Battery", "チャオルム電池"}, 89_700},
	{Text{"큰들농산", "Keundeul Agro", "クンドゥル農産"}, 6_130},
	{Text{"푸른철도차량", "Pureun Rolling Stock", "プルン鉄道車両"}, 33_700},
	{Text{"해솔증권", "Haesol Securities", "ヘソル証券"}, 4_505},
}

// A cycle of the stock market is a trading day.
var (
	sessionAuction = span{40 * time.Second, 80 * time.Second}
	sessionOpen    = span{80 * time.Second, 440 * time.Second}
	sessionAfter   = span{540 * time.Second, 600 * time.Second}
	stockSilence   = span{200 * time.Second, 245 * time.Second}
)

const (
	stockEvery = 2_000 // milliseconds in which one trade of each stock falls
	// A stock surges once in surgeCycles days, by surgeLeast to surgeLeast+surgeSpread billionths, and gives it
	// back over surgeFade days. So no two surges meet, and a price depends on two days at most.
	surgeCycles = 16
	surgeFade   = 7
	surgeLeast  = 60_000_000
	surgeSpread = 290_000_000
	stockUnit   = 20_000_000 // unit height of the other movement, per day
)

// stockStream is far from those of the coins.
const stockStream = 1 << 20

const (
	stockDaily = iota
	stockRipple
	stockSurge
	stockTime
	stockSkipped
	stockAmount
)

type simulatedStocks struct{ seed }

func (simulatedStocks) About() About {
	return About{Name: simulatedName, Board: Movers, Source: simulatedSource, Simulated: true}
}

// History is not kept: rising stocks are compared with the close before, which each trade tells.
func (simulatedStocks) History(context.Context, string, time.Time, time.Time) ([]Candle, error) {
	return nil, ErrNoHistory
}

// stock is one of the simulated stocks; it is the stream of its trades.
type stock struct {
	seed
	place int
}

func (v simulatedStocks) stocks() []stock {
	all := make([]stock, len(stocks))
	for i := range all {
		all[i] = stock{v.seed, i}
	}
	return all
}

func (s stock) key() string             { return fmt.Sprintf("SIM-%02d", s.place+1) }
func (s stock) stream(what int64) int64 { return stockStream + 8*int64(s.place) + what }

// level is the anchor moved by the small movements of the days.
func (s stock) level(day int64) int64 {
	sum := int64(0)
	for k := range 6 {
		sum += stockUnit * rootsOfTwo[k] / rootUnit * s.noise(s.stream(stockDaily), 1<<k, day) >> noiseBits
	}
	return moved(stocks[s.place].anchor, sum)
}

// surge is how much of a surge a day's price holds, in billionths, and whether it is the first day of it.
func (s stock) surge(day int64) (billionths int64, first bool) {
	block := day / surgeCycles
	drawn := s.draw(s.stream(stockSurge), 0, block)
	age := day - block*surgeCycles - int64(drawn%(surgeCycles-surgeFade))
	if age < 0 || age >= surgeFade {
		return 0, false
	}
	height := surgeLeast + int64(drawn>>8%surgeSpread)
	return height * (surgeFade - age) / surgeFade, age == 0
}

// close is the price at the end of a day. Only the first day of a surge can meet the limit.
func (s stock) close(day int64) int64 {
	billionths, first := s.surge(day)
	price := snappedKRX(moved(s.level(day), billionths))
	if !first {
		return price
	}
	_, high := KRXLimits(s.close(day - 1))
	return min(price, high)
}

func snappedKRX(price int64) int64 {
	step := krxStep(price)
	return (price + step/2) / step * step
}

// price is that of the trade at a time: a way from the close before to the close of the day.
func (s stock) price(at int64) int64 {
	day := at / cycleMS
	before, end := s.close(day-1), s.close(day)
	into := at%cycleMS - sessionOpen.from.Milliseconds()
	length := (sessionOpen.until - sessionOpen.from).Milliseconds()
	if into/stockEvery == length/stockEvery-1 {
		return end
	}
	ripple := int64(0)
	for period, height := int64(2_000), int64(1_500_000); period <= 64_000; period, height = period*2, height*14/10 {
		ripple += s.noise(s.stream(stockRipple), period, at) * height >> noiseBits
	}
	way := before + (end-before)*(length+3*into)/(4*length) // a quarter of the way is made overnight
	low, high := KRXLimits(before)
	return min(max(snappedKRX(moved(way, ripple*edge(into, length)/billion)), low), high)
}

func (s stock) slotTime(slot int64) (int64, bool) {
	start := slot * stockEvery
	if !sessionOpen.holds(start) {
		return 0, false
	}
	if start%cycleMS == sessionOpen.from.Milliseconds() {
		return start, true // all open at once, so that the list is of one day
	}
	last := (start+stockEvery)%cycleMS == sessionOpen.until.Milliseconds()
	if !last && s.draw(s.stream(stockSkipped), 0, slot)%3 == 0 {
		return 0, false
	}
	return start + int64(s.draw(s.stream(stockTime), 0, slot)%stockEvery), true
}

func (s stock) next(after int64) int64 {
	for slot := after / stockEvery; ; slot++ {
		if at, ok := s.slotTime(slot); ok && at > after {
			return at
		}
	}
}

func (s stock) newest(until int64) int64 {
	for slot := until / stockEvery; ; slot-- {
		if at, ok := s.slotTime(slot); ok && at <= until {
			return at
		}
	}
}

func (s stock) deliver(at int64) (int64, bool) { return at, !stockSilence.holds(at) }

func (s stock) tick(at int64) Tick {
	return Tick{
		Code: s.key(), At: time.UnixMilli(at).UTC(),
		Price:    mustDecimal(s.price(at), 0),
		Volume:   mustDecimal(1+int64(s.draw(s.stream(stockAmount), 0, at)%400), 0),
		Previous: mustDecimal(s.close(at/cycleMS-1), 0),
	}
}

func (v simulatedStocks) Run(ctx context.Context, in *Intake) error {
	all := v.stocks()
	streams := make([]stream, len(all))
	listings := make([]Listing, len(all))
	for i, s := range all {
		streams[i] = s
		listings[i] = Listing{Key: s.key(), Code: s.key(), Name: stocks[i].name, Currency: "KRW"}
	}
	for {
		in.List(listings)
		now := in.Now().UnixMilli()
		in.Session(simulatedSession(now))
		for _, s := range all {
			in.Tick(s.tick(s.newest(now)))
		}
		silent := false
		err := play(ctx, in, streams, func(now int64) {
			in.Session(simulatedSession(now))
			switch was := silent; {
			case stockSilence.holds(now):
				silent = true
			case was:
				silent = false
				for _, s := range all {
					in.Tick(s.tick(s.newest(now)))
				}
			case now%simulatedBeat.Milliseconds() == 0:
				in.Heard()
			}
		})
		if !errors.Is(err, errClockJumped) {
			return err
		}
		in.Lost()
	}
}

// simulatedZone is the zone that the simulated session has its date in.
var simulatedZone = time.FixedZone("KST", 9*60*60)

// simulatedSession is where the stock market stands. The note of the evening still says when it closed.
func simulatedSession(ms int64) (SessionState, string, Text) {
	now := time.UnixMilli(ms)
	closed := time.UnixMilli(ms - ms%cycleMS).Add(sessionOpen.until)
	say := func(state SessionState, at time.Time, form string, words Text) (SessionState, string, Text) {
		at = at.In(simulatedZone)
		when := at.Format(form) + " "
		return state, at.Format(time.DateOnly), Text{when + words.Ko, when + words.En, when + words.Ja}
	}
	switch {
	case ms%cycleMS < sessionAuction.from.Milliseconds():
		return say(SessionPre, now, "01.02", Text{"장전", "pre-market", "取引前"})
	case sessionAuction.holds(ms):
		return say(SessionAuction, now, "01.02", Text{"동시호가", "auction", "板寄せ"})
	case sessionOpen.holds(ms):
		return say(SessionOpen, now, "01.02", Text{"장중", "open", "取引中"})
	case sessionAfter.holds(ms):
		return say(SessionAfter, closed, "01.02 15:04", Text{"장종료", "closed", "取引終了"})
	}
	return say(SessionClosed, closed, "01.02", Text{"장종료", "closed", "取引終了"})
}
