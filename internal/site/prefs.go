package site

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sokbo/internal/fault"
	"sokbo/internal/site/theme"
)

const prefsCookie = "prefs"

// prefs are what the reader who sent r chose.
func (s *Site) prefs(r *http.Request) theme.Prefs {
	size, mode, _ := strings.Cut(s.Origin.Cookie(r, prefsCookie), ".")
	if slices.Contains(theme.Sizes[:], size) && slices.Contains(theme.Themes[:], mode) {
		return theme.Prefs{Size: size, Theme: mode}
	}
	return theme.DefaultPrefs
}

func (s *Site) prefsPage(w http.ResponseWriter, r *http.Request) error {
	words := s.words()
	p := theme.PrefsPage{Frame: s.frame(words, s.prefs(r)), Next: "/prefs"}
	p.Private = true
	p.Heading = words.PrefsTitle
	p.Title = words.PrefsTitle + " | " + s.Paper.Name
	p.Path = "/prefs"
	return s.own(w, p)
}

// setPrefs keeps a size or a theme in the one cookie that scripts may read, and leads back.
func (s *Site) setPrefs(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return formFault(err)
	}
	p := s.prefs(r)
	size, mode := r.PostForm.Get("size"), r.PostForm.Get("theme")
	if size != "" {
		p.Size = size
	}
	if mode != "" {
		p.Theme = mode
	}
	if size == "" && mode == "" || !slices.Contains(theme.Sizes[:], p.Size) || !slices.Contains(theme.Themes[:], p.Theme) {
		return fault.New(fault.Invalid, "prefs", "there is no such size or theme; choose one of the buttons")
	}
	s.Origin.SetCookie(w, http.Cookie{Name: prefsCookie, Value: p.Size + "." + p.Theme, MaxAge: cookieAge})
	http.Redirect(w, r, localPath(r.PostForm.Get("next")), http.StatusSeeOther)
	return nil
}

// localPath returns next if it is an address of this site, else the front. Browsers read a backslash as a slash
// and drop control characters, so "/\evil.example" and "/\t/evil.example" would lead away.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || len(next) > 512 {
		return "/"
	}
	for _, c := range next {
		if c == '\\' || c < ' ' || c == 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

// prefsStyle is the reader's size and theme for browsers that run no script.
func (s *Site) prefsStyle(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Vary", "Cookie")
	w.Write([]byte(s.prefs(r).Style()))
	return nil
}
