/**
 * The inactivity prompt that a page gets from one tag:
 *
 *     <script src="https://auth.example.vn/embed.js" defer></script>
 *
 * The server knows, the browser shows: nothing is ended on screen before the server was asked.
 *
 *     createMachine   thinks: events with times in, requests and a picture of the screen out
 *     createService   asks the server          openChannel   talks to the other tabs
 *     createPrompt    the dialog and cover     start         joins them on a page
 *
 * A browser throws the value of a classic script away, so the page gets no global from this one.
 * The unit tests run the file in `node:vm`, where no document has a script, and take the value.
 *
 * @typedef {"starting" | "anonymous" | "active" | "warning" | "extending" | "checking" | "ended"} State
 *
 * @typedef {object} Answer  what the service says; every duration in seconds, counted from when it was asked
 * @property {"active" | "ended" | "anonymous"} state
 * @property {string | null} reason  why it ended, or why nobody can be known here
 * @property {string} session  tag of the session; opens nothing
 * @property {string} account  tag of the account; opens nothing
 * @property {number} seq  rises with every activity
 * @property {number} expires_in_seconds
 * @property {number} warn_before_seconds
 * @property {"idle" | "absolute" | "portal-idle"} ends_by
 * @property {Custom} [prompt]  the portal's own texts and colour
 *
 * @typedef {object} Custom
 * @property {string} [accent]  a colour as #rrggbb
 * @property {{[language: string]: {[key: string]: string}}} [texts]  instead of ours, by the keys of TEXTS
 *
 * @typedef {"prompt" | "input"} Cause  what a keep-alive reports: the prompt was answered, or the person used the page
 *
 * @typedef {object} Query  a keep-alive where there is a cause, else the status
 * @property {"query"} type
 * @property {number} at  when it was wanted
 * @property {Cause | null} cause
 * @property {number} idleSeconds  since the last input
 *
 * @typedef {{type: "tell", name: "warning" | "extended" | "error" | "ended" | "resumed"}} Notice  for the page's own code
 * @typedef {Query | Notice | {type: "drop" | "reload" | "leave"}} Effect
 *
 * @typedef {{type: "start" | "tick" | "input" | "activity" | "stay" | "yield" | "pagehide" | "online"}
 *   | {type: "look", hidden: boolean, persisted?: boolean}
 *   | {type: "answer", query: Query, answer: Answer}
 *   | {type: "failed", query: Query, retryAfter: number, luck: number}
 *   | {type: "news", answer: Answer, age: number}} Happening
 * @typedef {Happening & {at: number, wall: number}} TimedEvent  ms on the monotonic and on the wall clock
 *
 * @typedef {object} View
 * @property {State} state
 * @property {"" | "warning" | "limit" | "checking" | "ended"} scene  what is to be seen; empty: the page and nothing
 *   else; `limit`: the absolute end is near, nothing can move it
 * @property {number} seconds  left; Infinity where nobody is logged in
 * @property {boolean} offline  the last question got no answer
 * @property {string} reason  why it ended; empty before, and where nobody knows
 * @property {string} kept  it ended, and the page is still there under the cover: for how many minutes
 * @property {Custom} [custom]
 */
"use strict";

(() => {
  const SECOND = 1000;
  const LONGEST_DELAY = 2e9; // not much beyond it, 25 days, setTimeout fires at once
  const LONGEST_ANSWER = 8 * SECOND;
  const GLANCE = 5 * SECOND; // a visible page looks at its clocks this often: no event need follow a sleep
  const ASK_AHEAD = 2 * SECOND; // another portal may know of activity: time to ask before the prompt
  const DRIFT = 2 * SECOND; // between the clocks: sleep, or somebody set the time
  const UNREPORTED = SECOND; // below it, input and its confirmation are the same
  const NEVER = Infinity;

  /** The person, or an administrator, wanted these ends: the page is not kept. */
  const WANTED_ENDS = ["logout", "revoked", "account-disabled"];

  /**
   * Decides everything and touches nothing: no DOM, timer, network or clock.
   *
   * Its times are milliseconds on the pessimistic clock: the monotonic one plus every forward jump of the wall clock,
   * because in sleep only the wall clock goes on. So it may be early, and then asks; it is never late.
   *
   * @param {{onEnd?: string, keepPageForSeconds?: string}} options  as the tag's `data-` attributes say it
   */
  const createMachine = ({ onEnd, keepPageForSeconds = "600" }) => {
    /** @type {State} */
    let state = "starting";
    let hidden = false;

    let now = 0;
    let slept = 0;
    /** @type {number | undefined} */
    let skew; // wall clock minus monotonic clock

    // What the server last said. `confirmed`: the latest activity it knows of.
    let known = /** @type {Answer} */ ({});
    let heardAt = 0;
    let lifeAt = 0; // when we last heard of a living session: an end that was asked for before is asked for again
    let ends = NEVER;
    let warnAt = NEVER;
    let askAt = NEVER;
    let reportAt = NEVER; // from here on, input is worth a request
    let idleWindow = 0;
    let confirmed = -NEVER;

    let lastInput = -NEVER;
    /** @type {Cause | null} */
    let wish = null; // what the server should know and has not confirmed
    /** @type {Query | null} */
    let pending = null;
    let retryAt = NEVER;
    let failures = 0; // since the last answer: offline, as far as it matters here

    let noticed = false; // the person knows of the absolute end, or is told by the page itself
    let reason = "";
    let dropAt = NEVER;

    /** @type {Effect[]} */
    let effects = [];

    const isLive = () => state === "active" || isPrompting();
    const isPrompting = () => state === "warning" || state === "extending";
    const isKept = () => dropAt < NEVER;
    const isUnanswerable = () => known.ends_by === "absolute";
    const secondsLeft = () => Math.max(0, Math.ceil((ends - now) / SECOND));

    const send = () => {
      pending = { type: "query", at: now, cause: wish, idleSeconds: (now - lastInput) / SECOND };
      retryAt = NEVER;
      effects.push(pending);
    };

    const ask = () => {
      if (!pending) send();
    };

    /** @param {Notice["name"]} name */
    const tell = (name) => effects.push({ type: "tell", name });

    const warn = () => {
      state = "warning";
      noticed = false;
      tell("warning");
    };

    /** @param {Cause} cause */
    const report = (cause) => {
      wish = cause;
      send();
    };

    /** @param {string} why */
    const cover = (why) => {
      state = "ended";
      reason = why;
      heardAt = now;
      pending = null;
      retryAt = NEVER;
      dropAt = WANTED_ENDS.includes(why) ? now : now + +keepPageForSeconds * SECOND;
    };

    /** @param {string} why */
    const end = (why) => {
      cover(why);
      tell("ended");
      if (onEnd === "leave") effects.push({ type: "leave" });
    };

    /**
     * The page shows what belongs to somebody else, or is gone: only a fresh one will do. The page's own code is not
     * told: what it would save now, it would save as somebody else.
     */
    const startAfresh = () => {
      if (state !== "ended") cover("logout");
      effects.push({ type: "reload" });
    };

    /** @param {Answer} answer @param {number} asOf @param {Query} [query] */
    const adopt = (answer, asOf, query) => {
      const left = answer.expires_in_seconds * SECOND;
      const isJustActive = query?.cause && query.idleSeconds < 1;
      known = answer;
      reason = "";
      dropAt = NEVER;
      heardAt = lifeAt = now;
      ends = asOf + left;
      warnAt = ends - answer.warn_before_seconds * SECOND;
      askAt = warnAt - ASK_AHEAD > now ? warnAt - ASK_AHEAD : NEVER;
      idleWindow = isJustActive ? left : Math.max(idleWindow, left);
      confirmed = ends - idleWindow;
      reportAt = isUnanswerable() ? NEVER : Math.min(confirmed + 0.4 * idleWindow, warnAt - ASK_AHEAD);
      if (pending && !pending.cause && asOf > pending.at - SECOND) pending = null;
      if (query?.cause === wish || lastInput - confirmed < UNREPORTED) wish = null;
      if (now < warnAt) {
        if (isPrompting()) tell("extended");
        else if (state !== "active" && state !== "starting") tell("resumed");
        state = "active";
      } else if (!isPrompting()) warn();
      else if (!wish) state = "warning";
    };

    /** @param {Answer} answer @param {number} asOf @param {Query} [query] */
    const hearOfLife = (answer, asOf, query) => {
      const isOld = asOf < heardAt && (state === "ended" || answer.seq < known.seq);
      const isGone = state === "ended" && !isKept();
      if (state !== "starting" && (isGone || answer.account !== known.account)) startAfresh();
      else if (!isOld) adopt(answer, asOf, query);
    };

    /**
     * "Anonymous" says no reason: the service may have forgotten the session, or the page's secret after a new password.
     *
     * @param {Answer} answer @param {string} [presumably]  the reason, where none was said and time was left
     */
    const hearOfEnd = (answer, presumably = "") => {
      if (state === "starting") state = "anonymous";
      else if (state !== "ended") end(answer.reason || (now < ends ? presumably : known.ends_by));
    };

    /** What time alone brings about. */
    const advance = () => {
      if (isLive() && now >= ends) {
        state = "checking";
        wish = null;
        send();
      }
      if (state === "active" && now >= askAt) {
        askAt = NEVER;
        if (!wish && lastInput - confirmed > UNREPORTED) report("input");
        else ask();
      }
      if (state === "active" && now >= warnAt) warn();
      if (now >= retryAt) send();
      if (now >= dropAt) {
        dropAt = NEVER;
        effects.push({ type: "drop" });
      }
    };

    /** By the event's type; a tick only lets time do its work. @type {{[type: string]: (event: any) => void}} */
    const on = {
      start: ask,

      /** @param {{hidden: boolean, persisted?: boolean}} event */
      look(event) {
        hidden = event.hidden;
        if (event.persisted && isLive()) {
          state = "checking"; // what happened while it was stored away, only the server knows
          send();
        } else if (!hidden && (state === "ended" || isPrompting())) ask(); // perhaps back from elsewhere, with a login
      },

      input() {
        if (state !== "active" && state !== "starting") return; // an open prompt wants an answer
        lastInput = now;
        if (state === "active" && !wish && now > reportAt) report("input");
      },

      /** Something on the page was used in a way that only the page knows. */
      activity: () => on[state === "warning" && noticed ? "stay" : "input"]({}),

      stay() {
        if (state !== "warning") return;
        if (isUnanswerable()) {
          noticed = true;
          return;
        }
        state = "extending";
        lastInput = now;
        report("prompt");
      },

      /** The page tells the person in its own way. */
      yield() {
        noticed = state === "warning";
      },

      pagehide() {
        if (state === "active" && lastInput - confirmed > idleWindow / 10) report("input");
      },

      online() {
        if (retryAt < NEVER) send();
      },

      /** @param {{query: Query, answer: Answer}} event */
      answer({ query, answer }) {
        failures = 0;
        if (query === pending) pending = null;
        if (answer.state === "active") hearOfLife(answer, query.at, query);
        else if (query.at < lifeAt) ask();
        else hearOfEnd(answer);
      },

      /** @param {{query: Query, retryAfter: number, luck: number}} event */
      failed({ query, retryAfter, luck }) {
        if (query !== pending) return;
        pending = null;
        if (state === "ended") return;
        const patience = Math.min(500 * 2 ** failures, state === "starting" ? 300 * SECOND : 8 * SECOND);
        retryAt = now + Math.max(retryAfter, patience * (0.75 + luck / 2));
        if (!failures) tell("error");
        failures += 1;
      },

      /** Another tab's answer. It is believed about our own session only. @param {{answer: Answer, age: number}} event */
      news({ answer, age }) {
        const asOf = now - age;
        const isOurs = answer.session === known.session;
        if (!known.session) return; // nobody is logged in here
        if (answer.state === "active") {
          if (isOurs) return hearOfLife(answer, asOf);
          lifeAt = now;
          ask();
        } else if (answer.state === "ended" ? isOurs : asOf > lifeAt) hearOfEnd(answer, isOurs ? "" : "logout");
      },
    };

    /** Sleep, or a clock that was set, shows as a change between the clocks. @param {TimedEvent} event */
    const readClocks = ({ at, wall }) => {
      const change = wall - at - (skew ??= wall - at);
      const jumped = Math.abs(change) > DRIFT;
      if (jumped) {
        skew += change;
        slept += Math.max(0, change);
      }
      now = at + slept;
      return jumped;
    };

    return {
      /** @param {TimedEvent} event @returns {Effect[]} */
      handle(event) {
        effects = [];
        const jumped = readClocks(event);
        on[event.type]?.(event);
        advance();
        if (jumped && isLive()) ask();
        return effects;
      },

      /** The moment, on the monotonic clock, at which a `tick` is needed. */
      wakeAt() {
        const moments = [retryAt, dropAt];
        if (state === "active") moments.push(askAt, warnAt);
        if (isPrompting()) moments.push(hidden ? ends : ends - (secondsLeft() - 1) * SECOND);
        if (!hidden && state !== "anonymous") moments.push(now + GLANCE);
        return Math.min(...moments) - slept;
      },

      /** @returns {View} */
      view() {
        /** @type {View["scene"]} */
        let scene = "";
        if (state === "ended" || state === "checking") scene = state;
        else if (isPrompting() && !noticed) scene = isUnanswerable() ? "limit" : "warning";
        return { state, scene, seconds: secondsLeft(), offline: failures > 0, reason, kept: isKept() ? `${+keepPageForSeconds / 60}` : "", custom: known.prompt };
      },

      /** Does it still wait for this answer? @param {Query} query */
      awaits: (query) => query === pending,
      session: () => known.session,
    };
  };

  /** @param {any} body @returns {body is Answer & {sent: number}}  `sent`, on the wall clock, comes from a tab */
  const isAnswer = (body) => ["active", "ended", "anonymous"].includes(body?.state);

  /**
   * Asks the service. Whatever is not its own answer (500, a drop, a redirect, a login page) is a failure.
   *
   * @param {string} base  ends with a slash
   * @param {typeof globalThis.fetch} fetch
   */
  const createService =
    (base, fetch) =>
    /** Never rejects. @param {Query} query @returns {Promise<Happening>} */
    async (query) => {
      const { cause, idleSeconds } = query;
      let retryAfter = 0;
      try {
        const options = /** @type {RequestInit} */ ({
          __proto__: null, // the page may have added to what every object has
          credentials: "include",
          redirect: "manual",
          signal: AbortSignal.timeout(LONGEST_ANSWER),
          ...(cause && {
            method: "POST",
            keepalive: true, // delivered even when the page has gone
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ cause, idle_seconds: idleSeconds }),
          }),
        });
        const response = await fetch(`${base}session${cause ? "/keep-alive" : ""}`, options);
        retryAfter = Number(response.headers.get("retry-after")) * SECOND || 0;
        const answer = await response.json();
        if (isAnswer(answer)) return { type: "answer", query, answer };
      } catch {
        // Unreachable, too slow or no JSON: it is all one to the person.
      }
      return { type: "failed", query, retryAfter, luck: Math.random() };
    };

  /**
   * The tabs of one origin share what they hear. Without a channel each asks for itself.
   *
   * @param {string} name
   * @param {(message: any) => void} hear
   * @returns {(message: object) => void}
   */
  const openChannel = (name, hear) => {
    try {
      const channel = new BroadcastChannel(name);
      channel.onmessage = ({ data }) => hear(data);
      return (message) => channel.postMessage(message);
    } catch {
      return () => {};
    }
  };

  /** What is said; a portal may say it in its own words. An end shows its title and, by its reason, why. */
  const TEXTS = {
    vi: {
      title: "Sắp hết thời gian chờ",
      message: "Bạn đã không sử dụng Site, ",
      button: "Bấm vào đây để duy trì trạng thái đăng nhập",
      left: "Thời gian chờ: {} giây",
      limit: "Phiên đăng nhập sắp kết thúc",
      save: "Hãy lưu nội dung đang soạn, rồi đăng nhập lại.",
      back: "Quay lại trang",
      checking: "Đang kiểm tra phiên đăng nhập…",
      offline: "Máy chủ chưa trả lời. Đang thử lại.",
      ended: "Phiên đăng nhập đã kết thúc",
      idle: "Hết hạn phiên do không thao tác.",
      absolute: "Hết thời hạn tối đa của phiên.",
      logout: "Bạn đã đăng xuất.",
      revoked: "Quản trị viên đã kết thúc phiên.",
      evicted: "Có phiên đăng nhập mới hơn.",
      "password-changed": "Mật khẩu đã đổi.",
      "account-disabled": "Tài khoản bị vô hiệu hóa.",
      kept: "Nội dung đang soạn được giữ {} phút.",
      login: "Đăng nhập lại (cửa sổ mới)",
    },
    en: {
      title: "Your session is about to end",
      message: "You have not been using the site. ",
      button: "Click here to stay logged in",
      left: "Time left: {} seconds",
      limit: "Your session is about to end",
      save: "Save your work, then log in again.",
      back: "Back to the page",
      checking: "Checking your session…",
      offline: "The server does not answer. Trying again.",
      ended: "Your session has ended",
      idle: "There was no activity.",
      absolute: "It reached its time limit.",
      logout: "You logged out.",
      revoked: "An administrator ended it.",
      evicted: "There is a newer session.",
      "password-changed": "The password was changed.",
      "account-disabled": "The account was disabled.",
      kept: "Your work is kept for {} minutes.",
      login: "Log in again (new window)",
    },
  };

  /** What asks: its title, its words and its button. @type {{[scene: string]: string[]}} */
  const QUESTIONS = { warning: ["title", "message", "button"], limit: ["limit", "save", "back"] };

  const CROSS_SITE = "dvauth: cross-site. Serve it on this page's site or at /dvauth/.";

  const HOST = "dvauth-prompt";
  const MARK = "(!) "; // in the title, for a tab in the background

  /**
   * A browser's own colours for a dialog follow light, dark and forced colours. Nothing in it can be selected: with a
   * click there the page would lose its own selection.
   */
  const STYLE = `:host{all:initial!important}
dialog{max-width:30em;padding:8px 24px 24px;border:1px solid #8888;border-radius:8px;
color-scheme:light dark;font:1em/1.5 system-ui;user-select:none}
dialog::backdrop{background:#000a}
.cover::backdrop{background:Canvas}
p{display:grid;gap:16px}
button,a{padding:12px;border:0;border-radius:4px;background:#0f6cbd;color:#fff;
display:block;font:600 1em/1.5 system-ui;text-align:center}
:focus-visible:not(dialog){outline:3px solid CanvasText}
.quiet{position:absolute;clip-path:inset(50%)}`;

  /**
   * Out of sight and out of print; the dialog itself takes the page out of the accessibility tree. An important
   * declaration in a layer wins over the page's own, however special its selector.
   */
  const VEIL = `@layer{:root :not(${HOST}){visibility:hidden!important}}`;

  /** What the document itself has by this name, where the page may have a form or an image of that name. @param {string} name */
  const own = (name) => Reflect.get(Document.prototype, name, document);

  /** @param {string} tag @param {{[name: string]: string}} attributes @param {(Node | string)[]} children */
  const make = (tag, attributes, ...children) => {
    const element = own("createElement").call(document, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  /**
   * The dialog and the cover. Nothing is put into the page before there is something to show.
   *
   * @param {HTMLElement} tag  whose `data-` attributes say how the portal wants it
   * @param {() => string} loginUrl
   * @param {() => void} onStay
   */
  const createPrompt = (tag, loginUrl, onStay) => {
    const html = own("documentElement");
    let shown = "";
    /** @type {Custom | undefined} */
    let custom;

    const countdown = make("b", { role: "timer" });
    const note = make("p", { role: "alert" });
    const whisper = make("p", { class: "quiet", role: "status" });
    const host = make(HOST, {});
    const style = new CSSStyleSheet();
    const veil = new CSSStyleSheet();
    style.replaceSync(STYLE);
    veil.replaceSync(VEIL);
    const dialog = /** @type {HTMLDialogElement} */ (
      make("dialog", {
        role: "alertdialog",
        "aria-labelledby": "title",
        "aria-describedby": "text",
        closedby: "none",
      })
    );
    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    root.append(dialog);

    /** Without the veil, so that the focus finds its way back into the page. */
    const lower = () => {
      veil.disabled = true;
      dialog.close();
    };

    /** Above whatever the page has opened, with the focus on what can be done now. */
    const raise = () => {
      if (!host.isConnected) {
        html.append(host);
        own("adoptedStyleSheets").push(veil);
      }
      lower(); // so that the focus is remembered anew
      dialog.showModal();
      veil.disabled = !dialog.className;
    };
    // Where `closedby` is unknown, Escape gets through.
    dialog.onclose = () => shown && !dialog.open && raise();
    // While ours is on top nothing else can take the focus: something was opened above it.
    addEventListener("focusin", ({ target }) => dialog.open && target !== host && raise());

    const language = () => (/^en/.test(tag.dataset.lang ?? html.lang) ? "en" : "vi");

    /** @param {string} key @returns {string} */
    const say = (key) =>
      tag.getAttribute(`data-text-${key}`) ??
      custom?.texts?.[language()]?.[key] ??
      /** @type {{[key: string]: string}} */ (TEXTS[language()])[key] ??
      "";

    /** What can be done, in the portal's colour; one that is too light for white words is darkened. */
    const dye = (/** @type {HTMLElement} */ element) => {
      element.style.background = `oklch(from ${tag.dataset.accent ?? custom?.accent} min(l,.5) c h)`;
      return element;
    };

    /** @param {string[]} keys */
    const question = ([, message, label]) => {
      const button = dye(make("button", {}, say(label)));
      const [before, after] = say("left").split("{}");
      button.onclick = (event) => event.isTrusted && onStay();
      return [say(message), button, make("span", { class: "quiet" }, ". "), make("span", {}, before, countdown, after)];
    };

    /** @param {View} view */
    const fill = ({ scene, reason, kept }) => {
      const keys = QUESTIONS[scene];
      const text = keys ? question(keys) : [say(reason.replace("portal-", "")), " ", kept && say("kept").replace("{}", kept)];
      dialog.lang = language();
      dialog.className = keys ? "" : "cover";
      dialog.replaceChildren(make("h2", { id: "title" }, say(keys ? keys[0] : scene)), make("p", { id: "text" }, ...text), note, whisper);
      if (scene === "ended") note.after(dye(make("a", { href: loginUrl(), target: "_blank" }, say("login"))));
      whisper.textContent = "";
      raise();
    };

    /** @param {View} view */
    const tell = ({ state, seconds, offline }) => {
      if (!host.isConnected) raise(); // the page has put everything else in its place
      countdown.textContent = `${seconds}`;
      // Each second would be noise.
      if (!dialog.className && [30, 15, 5].includes(seconds)) whisper.textContent = say("left").replace("{}", `${seconds}`);
      note.textContent = offline ? say("offline") : "";
      dialog.style.filter = state === "extending" ? "grayscale(1)" : ""; // the answer is on its way
    };

    return {
      /** @param {View} view */
      render(view) {
        const scene = view.scene && view.scene + view.kept;
        custom = view.custom;
        if (scene !== shown) {
          shown = scene;
          Reflect.set(Document.prototype, "title", (scene && MARK) + own("title").replace(MARK, ""), document);
          if (scene) fill(view);
          else lower();
        }
        if (scene) tell(view);
      },

      /** Takes the kept page away for good; only why it ended stays. */
      drop() {
        html.replaceChildren(make("title", {}, say("ended")), host); // a tab without a name tells nobody what it is
        raise();
      },
    };
  };

  /** An error of ours is told on the console and never reaches the page. @param {(...args: any[]) => unknown} act */
  const guarded =
    (act) =>
    /** @param {any[]} args */
    (...args) => {
      try {
        act(...args);
      } catch (error) {
        console.error("dvauth:", error);
      }
    };

  /** @param {HTMLScriptElement} tag */
  const start = (tag) => {
    // The page may replace these later, for its own tests or tricks.
    const { fetch, setTimeout, clearTimeout } = window;
    const { locks } = navigator;
    const monotonic = performance.now.bind(performance);
    const wall = Date.now;

    const base = new URL(".", tag.src).href;
    const machine = createMachine(tag.dataset);
    const service = createService(base, fetch);
    const loginUrl = () =>
      `${base}${base.endsWith("/dvauth/") ? "enter" : "login"}?return_to=${encodeURIComponent(location.href)}`;
    const prompt = createPrompt(tag, loginUrl, () => send({ type: "stay" }));
    /** @param {number} ms */
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    /** @type {number | undefined} */
    let timer;
    /** Until the page's own code has saved what it wants to save. @type {Promise<unknown>} */
    let saved = Promise.resolve();

    const send = guarded((/** @type {Happening} */ event) => {
      for (const effect of machine.handle({ ...event, at: monotonic(), wall: wall() })) act[effect.type](/** @type {any} */ (effect));
      // In a frame the prompt is left to the page around it, if that has one.
      if (!(frameElement && Object.hasOwn(parent, "dvauth"))) prompt.render(machine.view());
      clearTimeout(timer);
      timer = setTimeout(send, Math.min(Math.ceil(machine.wakeAt() - monotonic()), LONGEST_DELAY), { type: "tick" });
    });

    const share = openChannel(base, (message) => {
      if (isAnswer(message)) send({ type: "news", answer: message, age: Math.max(0, wall() - message.sent) });
    });

    /** @param {Query} query */
    const ask = async (query) => {
      if (!machine.awaits(query)) return;
      const told = { session: machine.session(), sent: wall() }; // as it was: an end says not whose it is
      const event = await service(query);
      send(event);
      if (event.type !== "answer") return;
      if (event.answer.reason === "cross-site") console.error(CROSS_SITE);
      share({ ...told, ...event.answer });
      await pause(50); // so that the tabs hear it before the next has its turn
    };

    const act = {
      /** Of several tabs with the same question one asks. @param {Query} query */
      query(query) {
        const turn = () => ask(query);
        if (query.cause || !locks) turn();
        else locks.request(base, { signal: AbortSignal.timeout(SECOND) }, turn).catch(turn);
      },

      /** @param {Notice} notice */
      tell({ name }) {
        /** @type {Promise<unknown>[]} */
        const waits = [];
        const event = new CustomEvent(`dvauth:${name}`, { cancelable: true, detail: machine.view() });
        if (!dispatchEvent(Object.assign(event, { waitUntil: waits.push.bind(waits) }))) send({ type: "yield" });
        saved = Promise.race([Promise.allSettled(waits), pause(2 * SECOND)]);
      },

      drop: () => saved.then(prompt.drop),
      // Not `reload()`, after which Firefox brings back what was typed; and no fragment, or nothing would be loaded.
      reload: () => location.replace(location.href.split("#")[0]),
      leave: () => saved.then(() => location.assign(loginUrl())),
    };

    /** @param {string} types @param {(event: any) => void} hear @param {boolean} [first]  before the page can stop it */
    const listen = (types, hear, first) => {
      for (const type of types.split(" ")) addEventListener(type, hear, first);
    };

    let deafUntil = 0;
    /** @param {PointerEvent & KeyboardEvent} event */
    const feel = (event) => {
      const { type, key } = event;
      if (!event.isTrusted || (type === "pointermove" && !event.movementX && !event.movementY)) return;
      if (machine.view().scene in QUESTIONS) {
        if (key !== "Escape" && key !== "Enter") return;
        event.preventDefault();
        event.stopPropagation();
        send({ type: "stay" });
      } else if (monotonic() > deafUntil) {
        deafUntil = monotonic() + SECOND;
        send({ type: "input" });
      }
    };
    listen("pointerdown pointermove keydown wheel", feel, true);

    /** @param {{persisted?: boolean}} event */
    const look = ({ persisted }) => send({ type: "look", hidden: own("hidden"), persisted });
    listen("visibilitychange focus pageshow", look);
    listen("pagehide online", ({ type }) => send({ type }));

    /** @type {any} */ (window).dvauth = { activity: () => send({ type: "activity" }), status: machine.view };
    look({});
    send({ type: "start" });
  };

  /** @type {HTMLScriptElement | null} */
  const tag = own("currentScript");
  // A page that has the tag twice has one prompt. A form or a frame of that name is no property of the window's own.
  if (tag && !Object.hasOwn(window, "dvauth")) {
    // A page that is only prerendered has no visitor yet.
    const begin = guarded(() => start(tag));
    if (own("prerendering")) addEventListener("prerenderingchange", begin, true);
    else begin();
  }
  return [createMachine, createService, TEXTS];
})();
