// One live stream for all tabs of a browser.
//
// The tab that holds the lock leads: it holds the stream and tells the others
// over a channel. Tabs say which topics they want; the leader asks for all of
// them. A tab lets go of stream, channel and lock when it leaves the screen for
// good: a cached page that holds the lock starves the others, and a message to
// its channel throws it out of the back/forward cache. Where the browser has
// no locks or channels (plain http away from loopback), each tab leads itself.

import { Stream } from "./stream.js";

export const limits = {
  topics: 32, // the server's limit for one stream
  gather: 50, // a new leader waits this long for what the others want
  check: 500,
  ping: 1_000, // a leader that is silent this long is asked whether it lives,
  deaf: 2_000, // and replaced after this and up to `spread` more,
  spread: 500, // so that not all tabs take the lock at once
  grace: 5_000, // a broken stream that comes back within this is not worth a word
  silent: 35_000, // more than two of the server's beats
  hidden: 60_000, // a hidden tab lets go after this
};

const name = "sokbo-live";

export class Live {
  #id = Math.random().toString(36).slice(2);
  #states;
  #topics;
  #told;
  #stream;
  #open = []; // topics of the open stream
  #wants = new Map(); // tab → topics, known while leading

  #joined = false;
  #leading = false;
  #leader; // id of the tab that leads, as far as this one knows
  #channel;
  #attempt; // {abort, release} of the present request for the lock
  #opening;
  #checking;
  #hiding;

  #status;
  #fresh = false; // a snapshot has come since joining
  #broken = null; // since when the stream is known to be broken
  #heard = 0; // the stream's last word
  #tried = 0; // when this tab last did something against silence
  #alive = 0; // the leader's last word
  #checked = 0;
  #deaf = 0;

  /** told gets "updating" until a snapshot comes, then "live" or "late". */
  constructor(states, topics, told) {
    this.#states = states;
    this.#topics = topics;
    this.#told = told;
    this.#stream = new Stream({
      event: (message) => {
        this.#post({ event: message });
        this.#take(message);
      },
      beat: () => {
        this.#post({ beat: true });
        this.#beat();
      },
      broken: () => {
        this.#post({ broken: true });
        this.#break();
      },
    });
  }

  start() {
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", () => this.#seen());
    document.addEventListener("freeze", () => this.#leave());
    document.addEventListener("resume", () => this.#seen());
    document.addEventListener("visibilitychange", () => this.#seen());
    this.#join();
    this.#seen();
  }

  #seen() {
    clearTimeout(this.#hiding);
    if (document.visibilityState === "hidden") {
      this.#hiding = setTimeout(() => this.#leave(), limits.hidden);
      return;
    }
    this.#alive = performance.now(); // what was not heard while hidden proves nothing
    this.#join();
  }

  #join() {
    if (this.#joined || !this.#topics.length) return;
    this.#joined = true;
    this.#fresh = false;
    this.#broken = null;
    this.#leader = undefined;
    this.#heard = this.#alive = this.#checked = performance.now();
    if (this.#status) this.#tell(); // back again; a new page's values are just rendered
    this.#checking = setInterval(() => this.#check(), limits.check);
    if (!navigator.locks || !window.BroadcastChannel) {
      this.#lead();
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (e) => this.#receive(e.data);
    this.#request();
    this.#want();
  }

  #leave() {
    if (!this.#joined) return;
    this.#joined = false;
    clearInterval(this.#checking);
    this.#post({ bye: true });
    this.#yield();
    this.#withdraw();
    this.#channel?.close();
    this.#channel = undefined;
  }

  // ---- the lock

  #request(steal = false) {
    this.#withdraw();
    const abort = new AbortController();
    const attempt = (this.#attempt = { abort, release() {} });
    const held = () => {
      if (attempt !== this.#attempt) return;
      this.#lead();
      return new Promise((release) => (attempt.release = release));
    };
    navigator.locks.request(name, steal ? { steal } : { signal: abort.signal }, held).catch((e) => {
      if (attempt !== this.#attempt) return; // withdrawn by this tab itself
      if (e.name !== "AbortError") return this.#lead(); // locks refused: alone
      this.#yield(); // stolen
      this.#request();
      this.#want();
    });
  }

  #withdraw() {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort.abort();
    attempt?.release();
  }

  // ---- leading

  #lead() {
    this.#leading = true;
    this.#leader = this.#id;
    this.#wants = new Map();
    this.#open = [];
    this.#post({ lead: true });
    this.#reopen();
  }

  #yield() {
    this.#leading = false;
    clearTimeout(this.#opening);
    this.#stream.close();
  }

  /** Opens the stream with what all tabs want, once they had time to say it. */
  #reopen() {
    clearTimeout(this.#opening);
    this.#opening = setTimeout(() => {
      const topics = new Set([...this.#topics, ...[...this.#wants.values()].flat()]);
      this.#open = [...topics].slice(0, limits.topics);
      this.#stream.open(this.#open);
    }, this.#channel ? limits.gather : 0);
  }

  #serve(tab, topics) {
    this.#wants.set(tab, topics);
    const states = this.#states.snapshots(topics);
    this.#post({ to: tab, states, age: performance.now() - this.#heard, broken: this.#broken !== null });
    const missing = topics.some((topic) => !this.#open.includes(topic));
    if (missing && this.#open.length && this.#open.length < limits.topics) this.#reopen();
  }

  // ---- between the tabs

  #post(message) {
    this.#channel?.postMessage({ from: this.#id, ...message });
  }

  #want() {
    this.#post({ want: this.#topics });
  }

  #receive(message) {
    const { from } = message;
    if (message.lead) {
      this.#leader = from;
      this.#alive = performance.now();
      this.#want();
    }
    if (this.#leading) {
      if (message.want) this.#serve(from, message.want);
      if (message.ping) this.#post({ pong: true });
      if (message.bye) this.#wants.delete(from);
      return;
    }
    // A leader that was replaced while it slept may still be talking.
    if (message.states && message.to === this.#id) this.#leader = from;
    if (from !== this.#leader) return;
    this.#alive = performance.now();
    if (message.event) this.#take(message.event);
    if (message.beat) this.#beat();
    if (message.broken) this.#break();
    if (message.states && message.to === this.#id) {
      for (const state of message.states) this.#keep(state);
      // What the leader knows is as old as the stream's last word to it.
      if (message.states.length) this.#hear(message.age);
    }
  }

  #take(message) {
    this.#keep(message);
    this.#beat();
  }

  /** The stream itself has spoken. */
  #beat() {
    this.#broken = null;
    this.#hear(0);
  }

  #keep(message) {
    if (message.kind === "snapshot") this.#fresh = true;
    this.#states.take(message);
  }

  #hear(age) {
    this.#heard = performance.now() - age;
    this.#tell();
  }

  #break() {
    this.#broken ??= performance.now();
  }

  // ---- time: judged by the clock, since a hidden tab's ticks come late

  #check() {
    const now = performance.now();
    const slept = now - this.#checked > 2 * limits.check;
    this.#checked = now;
    if (slept) this.#alive = now;
    this.#tell();
    const silent = now - Math.max(this.#heard, this.#tried) > limits.silent;
    if (this.#leading) {
      if (!silent) return;
      this.#tried = now;
      this.#reopen();
    } else if (document.visibilityState === "visible") {
      const quiet = now - this.#alive;
      if (quiet <= limits.ping) {
        this.#deaf = limits.deaf + Math.random() * limits.spread;
        // A leader that knows of the break is at work on it.
        if (!silent || this.#broken !== null) return;
      } else if (quiet <= this.#deaf) {
        this.#post({ ping: true });
        return;
      }
      this.#tried = this.#alive = now;
      this.#request(true);
    }
  }

  #tell() {
    const now = performance.now();
    const late =
      now - this.#heard > limits.silent || (this.#broken !== null && now - this.#broken > limits.grace);
    const status = late ? "late" : this.#fresh ? "live" : "updating";
    if (status === this.#status) return;
    this.#status = status;
    this.#told(status);
  }
}
