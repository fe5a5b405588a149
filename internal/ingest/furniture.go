package ingest

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sokbo/internal/body"
)

// furniture finds the lines that say by themselves what they are: dates, sizes, reactions, buttons, the
// copyright, the address of the page.
func (p *parser) furniture() {
	p.address()
	p.dates()
	p.copy = len(p.lines)
	for i := range p.lines {
		l := &p.lines[i]
		if !l.free() || l.long() {
			continue
		}
		switch t := tidy(l.text); {
		case isSize(t):
			p.leave(i, asSizes)
		case reaction.MatchString(t):
			p.leave(i, asReaction)
			// The count may stand on a line of its own.
			if j := p.next(i + 1); j < len(p.lines) && p.lines[j].free() && count.MatchString(p.lines[j].text) && !strings.ContainsAny(t, "0123456789") {
				p.leave(j, asReaction)
			}
		case copyright.MatchString(t) && utf8.RuneCountInString(t) < 300:
			p.leave(i, asCopyright)
			if p.copy == len(p.lines) && p.proseBefore(i) {
				p.copy = i
			}
		case tags.MatchString(t):
			p.leave(i, asTags)
		case related.MatchString(t) && !prose(t):
			p.leave(i, asRelated)
		case promotion.MatchString(t) && utf8.RuneCountInString(t) < 60, isMenuLine(t), crumbs.MatchString(t) && !prose(t):
			p.leave(i, asMenu)
		case imprint.MatchString(t):
			p.leave(i, asCopyright)
		}
	}
}

func (p *parser) proseBefore(i int) bool {
	return slices.ContainsFunc(p.lines[:i], func(l line) bool { return l.plain() && prose(l.text) })
}

var (
	reaction  = regexp.MustCompile(`^(?:(?:좋아요|화나요|슬퍼요|추가\s?취재\s?원해요|후속\s?(?:기사|취재)\s?원해요|훈훈해요|감동(?:이에요|해요|이예요)?|놀라워요|놀랐어요|기뻐요|응원해요|싫어요|공감해요|비공감|쏠쏠정보|흥미진진|공감백배|분석탁월|후속강추)\s?[(:]?\s?\d*[\d,]*\s?(?:명|개)?\)?\s*)+$`)
	count     = regexp.MustCompile(`^[(\[]?\d[\d,]*(?:명|개)?[)\]]?$`)
	copyright = regexp.MustCompile(`(?i)copyright|all rights reserved|저작권|무단\s?(?:전재|복제|배포|전제)|재배포\s?(?:금지|및)|^[ⓒ©]\s?.{1,40}$`)
	imprint   = regexp.MustCompile(`등록번호|등록일자?\s?[:：]|발행인|편집인|청소년\s?보호\s?책임자|사업자\s?등록|통신판매|대표전화|개인정보\s?처리\s?방침|이용약관|(?:Tel|TEL|전화|팩스|FAX)\s?[.:：]?\s?\d`)
	tags      = regexp.MustCompile(`^(?:(?:태그|Tags?)\s?[:：]?\s*)?(?:#[^\s#]+[\s,]*)+$`)
	related   = regexp.MustCompile(`^(?:[▶▷☞→►]|\[?(?:관련|연관)\s?(?:기사|뉴스)\]?\s?[:：▶]?|\[(?:바로가기|핫클릭|이슈|영상)\]|☞)\s*\S`)
	promotion = regexp.MustCompile(`(?:구독|팔로우|제보|채널|앱|추가|알림).{0,20}(?:하세요|주세요|기다립니다|바로\s?가기|받습니다)[.!]?$`)
	crumbs    = regexp.MustCompile(`^\S{1,10}(?:\s?[>›»〉]\s?\S{1,12})+$`)
)

// sizeWords are the buttons of the five text sizes and what stands beside them.
var sizeWords = wordSet(`가장작게 작게 기본 크게 가장크게 가장 글자크기 글자 글씨크기 글씨 크기 크기조절 조절 설정 폰트 본문 가 가+ 가- 보통 글자크기조절 글자크기설정 변경`)

// isSize says whether a line is buttons of text sizes. "기본" and "가" alone are too common to be sure of.
func isSize(s string) bool {
	w := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("|/·,:()[]", r) })
	sure := false
	for _, w := range w {
		if !sizeWords[w] {
			return false
		}
		sure = sure || w != "본문" && w != "변경" && w != "설정" && w != "기본" && w != "가장" && w != "보통"
	}
	return sure || len(w) == 1 && w[0] == "기본"
}

// placeWords are the sections of newspapers and the words of their menus; toolWords those of the buttons beside an
// article.
var (
	placeWords = wordSet(`
	홈 메인 처음 전체 전체메뉴 메뉴 전체기사 전체보기 검색 통합검색 검색어 입력하세요 로그인 로그아웃 회원가입 마이페이지 내정보 구독신청 신문구독 정기구독 pdf 지면 지면보기 오늘의신문 신문보기 기사제보 제보 제보하기 뉴스레터 앱 앱다운로드 모바일 pc버전 모바일버전 바로가기 본문바로가기 건너뛰기 메뉴바로가기 스킵 eng english 日本語 中文 한국어 사이트맵 고객센터 회사소개 광고 광고문의 ad 제휴 제휴문의 채용 rss 공지 공지사항 이벤트 찾아오시는길 인재채용
	뉴스 정치 경제 사회 국제 세계 글로벌 문화 연예 스포츠 엔터 엔터테인먼트 it 과학 it·과학 테크 산업 재계 기업 증권 증시 주식 금융 은행 보험 카드 부동산 오피니언 사설 칼럼 기고 피플 인물 인사 부고 동정 포토 사진 영상 비디오 tv 동영상 라이프 생활 건강 헬스 여행 음식 패션 마켓 시장 코인 가상자산 블록체인 전국 지역 수도권 자동차 모빌리티 유통 소비 바이오 제약 의료 정책 재테크 스타트업 중기 중소기업 벤처 종합 최신 최신뉴스 실시간 속보 랭킹 인기 특집 기획 연재 이슈 교육 운세 오늘의운세 날씨 만화 게임 환경 노동 법원 국회 대통령실 외교 국방 북한 미국 중국 일본 아시아 유럽 국내 해외 투자 세무 회계 프리미엄 프리미엄뉴스 스페셜 매거진 채널 커뮤니티 이코노미 비즈 비즈니스 그래픽 카드뉴스 팩트체크 데이터 esg ai`)
	toolWords = wordSet(`
	공유 공유하기 sns sns공유 페이스북 facebook 트위터 twitter x 엑스 카카오톡 카톡 카카오스토리 kakaotalk 네이버 네이버블로그 블로그 밴드 라인 line 인스타그램 유튜브 텔레그램 url url복사 주소복사 링크복사 복사 링크 스크랩 북마크 저장 인쇄 인쇄하기 프린트 이메일 메일 메일보내기 댓글 댓글쓰기 댓글보기 좋아요 기사듣기 듣기 음성듣기 음성으로 번역 번역하기 요약 요약보기 기사요약 ai요약 확대 축소 크게보기 이미지확대 이미지 사진확대 원본보기 신고 신고하기 기사 기사저장 기자 기자페이지 기자구독 프로필 팔로우 추천 선택 보기 가기 취소 확인 글자크기 글자크기조정 내용 내용요약 구독 구독하기 구독중 알림 알림설정 더보기 닫기 열기 맨위로 위로 top 목록 이전 다음 이전기사 다음기사 이전글 다음글 본문`)
)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// isMenuLine says whether a line is nothing but words of menus and buttons, perhaps with counts, or mostly buttons.
func isMenuLine(s string) bool {
	if madeOf(s, func(w string) bool { return placeWords[w] || toolWords[w] }) {
		return true
	}
	words := strings.Fields(strings.ToLower(s))
	tools := 0
	for _, w := range words {
		if toolWords[w] {
			tools++
		}
	}
	return len(words) >= 4 && 4*tools >= 3*len(words) && !strings.ContainsAny(s, "…“”‘’\"'.,?!")
}

// isPlaces says whether a line is nothing but words of menus; no button beside an article.
func isPlaces(s string) bool { return madeOf(s, func(w string) bool { return placeWords[w] }) }

func madeOf(s string, known func(string) bool) bool {
	if known(squeeze(bare(s))) {
		return true
	}
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("|/·,>›»〉:()[]▼▲∨", r)
	})
	for _, w := range words {
		if !known(w) && !count.MatchString(w) {
			return false
		}
	}
	return len(words) > 0 && !count.MatchString(strings.TrimSpace(s)) || s == "|" || s == "▲" || s == "▼"
}

var (
	addressLine = regexp.MustCompile(`^(?:(?:(기사\s?원문|원문|원본|원문\s?보기|기사\s?(?:주소|링크|URL)|canonical|URL|주소|링크|Source|Link)|(출처))\s?(?:보기|링크|주소|URL)?\s?[:：=▶→|]*\s*)?[<(\[]?(https?://[^\s<>)\]]+)[>)\]]?$`)
	tracking    = regexp.MustCompile(`^(?:utm_.*|fbclid|gclid|igshid|ref|from|spm)$`)
)

// address finds the page's own address: a line that holds nothing but an address, best with a word before it
// that says so. An address without a path names a site, not a page.
func (p *parser) address() {
	best, line := 0, -1
	for i := range p.lines {
		l := &p.lines[i]
		if !l.free() || l.long() || l.bullet != "" && digitsOnly.MatchString(l.bullet) {
			continue
		}
		m := addressLine.FindStringSubmatch(l.text)
		if m == nil {
			continue
		}
		rank := 1
		switch {
		case m[1] != "":
			rank = 3
		case m[2] != "":
			rank = 2
		}
		if a, ok := canonical(m[3]); ok && rank > best {
			best, line = rank, i
			p.page.Address = a
		}
	}
	if line >= 0 {
		p.take(line, asAddress)
	}
}

var digitsOnly = regexp.MustCompile(`\d`)

// canonical brings addresses that lead to the same page to one form: the host in small letters, no default port,
// no fragment, nothing that only tells where a reader came from.
func canonical(s string) (string, bool) {
	u, err := url.Parse(s)
	if err != nil || !body.IsURL(s) || strings.Trim(u.Path, "/") == "" && u.RawQuery == "" {
		return "", false
	}
	u.Host = strings.ToLower(u.Host)
	if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		u.Host = u.Hostname()
	}
	u.Fragment, u.RawFragment = "", ""
	if u.RawQuery != "" {
		var kept []string
		for _, q := range strings.Split(u.RawQuery, "&") {
			if name, _, _ := strings.Cut(q, "="); q != "" && !tracking.MatchString(name) {
				kept = append(kept, q)
			}
		}
		u.RawQuery = strings.Join(kept, "&")
	}
	return u.String(), true
}

func isLetter(r rune) bool { return unicode.IsLetter(r) }

func itoa(n int) string { return strconv.Itoa(n) }
