package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the site's zone must be known on a machine that has no zone files

	"sokbo/internal/fault"
)

// Config is everything that an operator sets outside the database. Flags win over the environment, the
// environment over the file. The keys table below is its manual.
type Config struct {
	Addr, Data, Database, Key string
	URL                       *url.URL
	TrustedProxies            []netip.Prefix
	SharedCache               time.Duration
	LiveMax                   int
	LivePerAddress            perAddress
	ReactionNewPerHour        perAddress
	Zone                      *time.Location
	Language                  string
	Feeds                     []string

	given map[string]string // as set, for sokbo config
}

// perAddress is a limit that counts a whole IPv6 /64 as one address and allows it less, since a household has
// one to itself while thousands of phones share one IPv4 address.
type perAddress struct{ V4, V6 int }

type key struct {
	name, value, does string // value is the default
	set               func(c *Config, v string) error
	unbuilt           bool // known by name, refused until its part is there
}

var keys = []key{
	{name: "SOKBO_ADDR", value: "localhost:8080", does: "Where to listen, HOST:PORT.",
		set: func(c *Config, v string) error {
			c.Addr = v
			_, _, err := net.SplitHostPort(v)
			return err
		}},
	{name: "SOKBO_DATA", value: "./data", does: "The data folder: database, key, lock. On a local disk.",
		set: func(c *Config, v string) error { c.Data = v; return nonEmpty(v) }},
	{name: "SOKBO_URL", value: "", does: "The public address, used in every link that leaves the page. Empty: http://localhost and the port.",
		set: func(c *Config, v string) error {
			if v == "" {
				return nil
			}
			u, err := url.Parse(v)
			if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
				return errors.New("it must look like https://news.example.com, without a path")
			}
			c.URL = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
			return nil
		}},
	{name: "SOKBO_DATABASE", value: "", does: "Empty: SQLite in the data folder; or postgres://….",
		set: func(c *Config, v string) error {
			c.Database = v
			if v != "" && !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
				return errors.New("it must be empty or begin with postgres://")
			}
			return nil
		}},
	{name: "SOKBO_KEY", value: "", does: "A secret of at least 32 characters that is kept outside the database. Empty: the file key in the data folder, made at the first start. Whoever changes it cuts readers from their old reactions.",
		set: func(c *Config, v string) error {
			c.Key = v
			if v != "" && len(v) < minKey {
				return fmt.Errorf("it needs at least %d characters; openssl rand -hex 32 makes one", minKey)
			}
			return nil
		}},
	{name: "SOKBO_TRUSTED_PROXIES", value: "", does: "Addresses or prefixes, separated by commas, whose X-Forwarded headers count.",
		set: func(c *Config, v string) error {
			for _, s := range list(v) {
				p, err := netip.ParsePrefix(s)
				if err != nil {
					a, err := netip.ParseAddr(s)
					if err != nil {
						return fmt.Errorf("%q is neither an address nor a prefix such as 10.0.0.0/8", s)
					}
					p = netip.PrefixFrom(a, a.BitLen())
				}
				c.TrustedProxies = append(c.TrustedProxies, p.Masked())
			}
			return nil
		}},
	{name: "SOKBO_SHARED_CACHE", value: "", does: "How long a shared cache may serve a page without asking, such as 10s; a change shows that much later. Empty: not at all.",
		set: func(c *Config, v string) error {
			if v == "" {
				return nil
			}
			d, err := time.ParseDuration(v)
			if err != nil || d < time.Second || d > time.Hour {
				return errors.New("it must be between 1s and 1h")
			}
			c.SharedCache = d
			return nil
		}},
	{name: "SOKBO_LIVE_MAX", value: "100000", does: "How many pages may hold a live stream at once; more are told to ask again later. 0 takes the default.",
		set: func(c *Config, v string) (err error) { c.LiveMax, err = count(v); return err }},
	{name: "SOKBO_LIVE_PER_ADDRESS", value: "20000", does: "The same for one IPv4 address; an IPv6 /64 may hold a twentieth. 0 takes the default.",
		set: func(c *Config, v string) (err error) { c.LivePerAddress, err = perAddressOf(v, 20); return err }},
	{name: "SOKBO_REACTION_NEW_PER_HOUR", value: "3000", does: "How many new readers of one IPv4 address may react to one story in an hour; an IPv6 /64 a tenth. 0: no limit.",
		set: func(c *Config, v string) (err error) { c.ReactionNewPerHour, err = perAddressOf(v, 10); return err }},
	{name: "SOKBO_TIMEZONE", value: "Asia/Seoul", does: "The zone that times are shown in.",
		set: func(c *Config, v string) (err error) {
			if c.Zone, err = time.LoadLocation(v); err != nil || v == "" || v == "Local" {
				return errors.New("it must be the name of a zone such as Asia/Seoul")
			}
			return nil
		}},
	{name: "SOKBO_LANGUAGE", value: "ko", does: "The site's own language: ko, ja or en.",
		set: func(c *Config, v string) error {
			c.Language = v
			if v != "ko" && v != "ja" && v != "en" {
				return errors.New("it must be ko, ja or en")
			}
			return nil
		}},
	{name: "SOKBO_FEEDS", value: "", does: "Where prices come from: simulated is a market of our own, marked as such on every figure. Empty: no live prices.",
		set: func(c *Config, v string) error {
			for _, f := range list(v) {
				if f != "simulated" {
					return fmt.Errorf("there is no feed %q; this version knows simulated", f)
				}
				c.Feeds = append(c.Feeds, f)
			}
			return nil
		}},
	{name: "SOKBO_BUS", unbuilt: true},
	{name: "SOKBO_BLOB", unbuilt: true},
	{name: "SOKBO_TLS", unbuilt: true},
	{name: "SOKBO_METRICS_ADDR", unbuilt: true},
}

// forTests begins the names that the project's own tests hand to their children.
const forTests = "SOKBO_TEST_"

func nonEmpty(v string) error {
	if v == "" {
		return errors.New("it must not be empty")
	}
	return nil
}

func list(v string) []string {
	var out []string
	for s := range strings.SplitSeq(v, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func count(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 1e9 {
		return 0, errors.New("it must be a whole number, 0 or more")
	}
	return n, nil
}

func perAddressOf(v string, less int) (perAddress, error) {
	n, err := count(v)
	return perAddress{n, (n + less - 1) / less}, err
}

// readConfig reads file (if it is not ""), environ and the flags that were given, in that order.
func readConfig(file string, environ []string, flags map[string]string) (Config, error) {
	values := map[string]string{}
	if file != "" {
		if err := readConfigFile(file, values); err != nil {
			return Config{}, err
		}
	}
	for _, e := range environ {
		name, v, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "SOKBO_") && !strings.HasPrefix(name, forTests) {
			values[name] = v
		}
	}
	for name, v := range flags {
		values[name] = v
	}
	c := Config{given: values}
	for name := range values {
		if err := known(name); err != nil {
			return c, err
		}
	}
	for _, k := range keys {
		if k.unbuilt {
			continue
		}
		v, ok := values[k.name]
		if !ok {
			v = k.value
		}
		if err := k.set(&c, strings.TrimSpace(v)); err != nil {
			return c, fault.New(fault.Invalid, "config-value", "%s=%s cannot be used: %s", k.name, shown(k.name, v), err.Error())
		}
	}
	if c.URL == nil {
		_, port, _ := net.SplitHostPort(c.Addr)
		c.URL = &url.URL{Scheme: "http", Host: "localhost:" + port}
	}
	return c, nil
}

// shown hides the value of a key that may hold a secret.
func shown(name, value string) string {
	if value != "" && (name == "SOKBO_KEY" || name == "SOKBO_DATABASE") {
		return "(set)"
	}
	return value
}

func readConfigFile(file string, values map[string]string) error {
	f, err := os.Open(file)
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return fault.Wrap(err, fault.Invalid, "config-file", "the configuration file %s cannot be read; correct -config", file)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, v, ok := strings.Cut(line, "=")
		name, v = strings.TrimSpace(name), strings.TrimSpace(v)
		if !ok {
			return fault.New(fault.Invalid, "config-file", "%s, line %d: write KEY=VALUE", file, n)
		}
		if err := known(name); err != nil {
			return fault.New(fault.Invalid, "config-key", "%s, line %d: %s", file, n, fault.Of(err).Text)
		}
		values[name] = v
	}
	if err := lines.Err(); err != nil {
		return fault.Wrap(err, fault.Invalid, "config-file", "the configuration file %s cannot be read as text", file)
	}
	return nil
}

// known refuses a key that this version does not know, with the nearest name that it does.
func known(name string) error {
	best, distance := "", 1<<30
	for _, k := range keys {
		if k.name == name {
			if k.unbuilt {
				return fault.New(fault.Invalid, "config-unbuilt", "%s is not built yet in this version; remove it", name)
			}
			return nil
		}
		if d := editDistance(name, k.name); d < distance && !k.unbuilt {
			best, distance = k.name, d
		}
	}
	return fault.New(fault.Invalid, "config-key", "there is no setting %s; the nearest is %s", name, best)
}

// editDistance is the number of bytes to insert, remove or replace to get from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func printConfig(_ context.Context, c call) error {
	for _, k := range keys {
		if k.unbuilt {
			continue
		}
		if v, ok := c.config.given[k.name]; ok {
			fmt.Fprintf(c.out, "# %s\n# default: %s\n%s=%s\n\n", k.does, k.value, k.name, shown(k.name, v))
		} else {
			fmt.Fprintf(c.out, "# %s\n# %s=%s\n\n", k.does, k.name, k.value)
		}
	}
	return nil
}
