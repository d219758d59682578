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
 * The unit tests run the file in `node:vm`, where there is no document, and take the value.
 *
 * @typedef {"starting" | "anonymous" | "active" | "warning" | "extending" | "checking" | "ended"} State
 *
 * @typedef {object} Answer  what the service says; every duration in seconds, counted from when it was asked
 * @property {"active" | "ended" | "anonymous"} state
 * @property {string} reason  why it ended
 * @property {string} session  tag of the session; opens nothing
 * @property {string} account  tag of the account; opens nothing
 * @property {number} seq  rises with every activity
 * @property {number} expires_in_seconds
 * @property {number} idle_remaining_seconds
 * @property {number} warn_before_seconds
 * @property {"idle" | "absolute" | "portal-idle"} ends_by
 *
 * @typedef {"prompt" | "input"} Cause  what a keep-alive reports: the prompt was answered, or the person used the page
 *
 * @typedef {object} Query  a keep-alive where there is a cause, else the status
 * @property {"query"} type
 * @property {number} at  when it was wanted
 * @property {Cause | null} cause
 * @property {number} idleSeconds  since the last input
 * @property {boolean} leaving  the page is going away: the browser must deliver it afterwards
 *
 * @typedef {Query | {type: "drop" | "reload" | "leave"}} Effect
 *
 * @typedef {{type: "start" | "tick" | "input" | "stay" | "leave" | "online"}
 *   | {type: "look", hidden: boolean, restored?: boolean}
 *   | {type: "answer", query: Query, answer: Answer}
 *   | {type: "failed", query: Query, retryAfter: number, luck: number}
 *   | {type: "news", answer: Answer, age: number}} Happening
 * @typedef {Happening & {at: number, wall: number}} TimedEvent  ms on the monotonic and on the wall clock
 *
 * @typedef {object} View  what is to be seen; null: the page and nothing else
 * @property {"warning" | "limit" | "checking" | "ended"} kind  `limit`: the absolute end is near, nothing can move it
 * @property {number} seconds  left
 * @property {boolean} busy  the person's answer is on its way
 * @property {boolean} offline  the last question got no answer
 * @property {string} reason  why it ended; empty before, and where nobody knows
 * @property {boolean} kept  it ended, and the page is still there under the cover
 */
"use strict";

((page) => {
  const SECOND = 1000;
  const LONGEST_DELAY = 2 ** 31 - 1; // setTimeout fires at once beyond it
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
   * @param {{keepPageFor: number, leaveOnEnd: boolean}} options  `keepPageFor`: ms from the end until the page is dropped
   */
  const createMachine = ({ keepPageFor, leaveOnEnd }) => {
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

    let noticed = false; // the person knows of the absolute end
    let reason = "";
    let dropAt = NEVER;

    /** @type {Effect[]} */
    let effects = [];

    const isLive = () => ["active", "warning", "extending"].includes(state);
    const isPrompting = () => state === "warning" || state === "extending";
    const isKept = () => dropAt < NEVER;
    const isUnanswerable = () => known.ends_by === "absolute";
    const secondsLeft = () => Math.max(0, Math.ceil((ends - now) / SECOND));

    const send = (leaving = false) => {
      pending = { type: "query", at: now, cause: wish, idleSeconds: (now - lastInput) / SECOND, leaving };
      retryAt = NEVER;
      effects.push(pending);
    };

    const ask = () => {
      if (!pending) send();
    };

    /** @param {Cause} cause */
    const report = (cause, leaving = false) => {
      wish = cause;
      send(leaving);
    };

    /** @param {string} why */
    const end = (why) => {
      state = "ended";
      reason = why;
      pending = null;
      retryAt = NEVER;
      dropAt = WANTED_ENDS.includes(why) ? now : now + keepPageFor;
      if (leaveOnEnd) effects.push({ type: "leave" });
    };

    /** The page shows what belongs to somebody else, or is gone: only a fresh one will do. */
    const startAfresh = () => {
      if (state !== "ended") end("logout");
      effects.push({ type: "reload" });
    };

    /** @param {Answer} answer @param {number} asOf @param {Query} [query] */
    const adopt = (answer, asOf, query) => {
      const left = answer.expires_in_seconds * SECOND;
      const idleLeft = answer.ends_by === "absolute" ? answer.idle_remaining_seconds * SECOND : left;
      const isJustActive = query?.cause && query.idleSeconds < 1;
      known = answer;
      reason = "";
      dropAt = NEVER;
      heardAt = now;
      ends = asOf + left;
      warnAt = ends - answer.warn_before_seconds * SECOND;
      askAt = warnAt - ASK_AHEAD > now ? warnAt - ASK_AHEAD : NEVER;
      idleWindow = isJustActive ? idleLeft : Math.max(idleWindow, idleLeft);
      confirmed = asOf + idleLeft - idleWindow;
      reportAt = Math.min(confirmed + 0.4 * idleWindow, warnAt - ASK_AHEAD);
      if (pending && !pending.cause && asOf > pending.at - SECOND) pending = null;
      if (query?.cause === wish || lastInput - confirmed < UNREPORTED) wish = null;
      if (now < warnAt) {
        state = "active";
        noticed = false;
      } else state = wish === "prompt" ? "extending" : "warning";
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
      heardAt = now;
      if (state === "starting") state = "anonymous";
      else if (state !== "ended") end(answer.reason || (now < ends ? presumably : known.ends_by));
    };

    /** What time alone brings about. */
    const advance = () => {
      if (isLive() && now >= ends) {
        state = "checking";
        wish = null;
        pending = null;
        ask();
      }
      if (state === "active" && now >= askAt) {
        askAt = NEVER;
        if (!wish && lastInput - confirmed > UNREPORTED) report("input");
        else ask();
      }
      if (state === "active" && now >= warnAt) state = "warning";
      if (now >= retryAt) send();
      if (state === "ended" && now >= dropAt) {
        dropAt = NEVER;
        effects.push({ type: "drop" });
      }
    };

    /** By the event's type; a tick only lets time do its work. @type {{[type: string]: (event: any) => void}} */
    const on = {
      start: ask,

      /** @param {{hidden: boolean, restored?: boolean}} event */
      look(event) {
        hidden = event.hidden;
        if (event.restored && isLive()) {
          state = "checking"; // what happened while it was stored away, only the server knows
          send();
        } else if (!hidden && (state === "ended" || isPrompting())) ask(); // perhaps back from elsewhere, with a login
      },

      input() {
        if (state !== "active" && state !== "starting") return; // an open prompt wants an answer
        lastInput = now;
        if (state === "active" && !wish && now > reportAt) report("input");
      },

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

      leave() {
        if (state === "active" && lastInput - confirmed > idleWindow / 10) report("input", true);
      },

      online() {
        if (retryAt < NEVER) send();
      },

      /** @param {{query: Query, answer: Answer}} event */
      answer({ query, answer }) {
        failures = 0;
        if (query === pending) pending = null;
        if (answer.state === "active") hearOfLife(answer, query.at, query);
        else hearOfEnd(answer);
      },

      /** @param {{query: Query, retryAfter: number, luck: number}} event */
      failed({ query, retryAfter, luck }) {
        if (query !== pending) return;
        pending = null;
        if (state === "ended") return;
        const patience = Math.min(500 * 2 ** failures, state === "starting" ? 300 * SECOND : 8 * SECOND);
        retryAt = now + Math.max(retryAfter, patience * (0.75 + luck / 2));
        failures += 1;
      },

      /** Another tab's answer. It is believed about our own session only. @param {{answer: Answer, age: number}} event */
      news({ answer, age }) {
        const asOf = now - age;
        const isOurs = answer.session === known.session;
        if (state === "starting" || state === "anonymous") return;
        if (answer.state === "active") {
          if (isOurs) hearOfLife(answer, asOf);
          else ask();
        } else if (answer.state === "ended" ? isOurs : asOf > heardAt) hearOfEnd(answer, isOurs ? "" : "logout");
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

      /** @returns {View | null} */
      view() {
        /** @type {View["kind"]} */
        let kind = isUnanswerable() ? "limit" : "warning";
        if (state === "ended" || state === "checking") kind = state;
        else if (!isPrompting() || noticed) return null;
        const busy = state === "extending";
        return { kind, seconds: secondsLeft(), busy, offline: failures > 0, reason, kept: isKept() };
      },

      /** Does it still wait for this answer? @param {Query} query */
      awaits: (query) => query === pending,
      session: () => known.session,
    };
  };

  /** @param {any} body @returns {body is Answer & {sent: number}}  `sent`, on the wall clock, comes from a tab */
  const isAnswer = (body) =>
    ["ended", "anonymous"].includes(body?.state) ||
    (body?.state === "active" && Number.isFinite(body.expires_in_seconds + body.warn_before_seconds));

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
      const { cause, idleSeconds, leaving } = query;
      let retryAfter = 0;
      try {
        const response = await fetch(`${base}session${cause ? "/keep-alive" : ""}`, {
          credentials: "include",
          cache: "no-store",
          redirect: "manual",
          signal: AbortSignal.timeout(LONGEST_ANSWER),
          keepalive: leaving,
          ...(cause && {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ cause, idle_seconds: idleSeconds }),
          }),
        });
        retryAfter = Number(response.headers.get("retry-after")) * SECOND || 0;
        const answer = await response.json();
        if ((response.ok || response.status === 401) && isAnswer(answer)) return { type: "answer", query, answer };
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

  /** By what is shown, or why it ended: a title; for a question also its words before, on and after the button. */
  const TEXTS = {
    vi: {
      warning: [
        "Sắp hết thời gian chờ",
        "Bạn đã không sử dụng Site, ",
        "Bấm vào đây để duy trì trạng thái đăng nhập",
        ". ",
      ],
      limit: ["Phiên làm việc sắp hết hạn", "Hãy lưu nội dung đang soạn, rồi đăng nhập lại.", "Quay lại trang để lưu", " "],
      left: ["Thời gian chờ: ", " giây"],
      checking: ["Đang kiểm tra phiên đăng nhập…"],
      unreachable: "Chưa kết nối được với máy chủ. Đang tự thử lại.",
      extended: "Đã duy trì trạng thái đăng nhập.",
      kept: "Nội dung đang soạn vẫn được giữ ở trang này.",
      login: "Đăng nhập lại",
      ended: ["Phiên làm việc đã kết thúc"],
      idle: ["Phiên làm việc đã hết hạn vì không có thao tác"],
      "portal-idle": ["Phiên làm việc tại trang này đã hết hạn vì không có thao tác"],
      absolute: ["Phiên làm việc đã hết thời hạn tối đa"],
      logout: ["Bạn đã đăng xuất"],
      revoked: ["Phiên làm việc đã bị quản trị viên kết thúc"],
      evicted: ["Phiên làm việc đã kết thúc vì có phiên mới hơn"],
      "password-changed": ["Phiên làm việc đã kết thúc vì mật khẩu đã đổi"],
      "account-disabled": ["Tài khoản đã bị vô hiệu hóa"],
    },
    en: {
      warning: ["Your session is about to end", "You have not been using the site. ", "Click here to stay logged in.", " "],
      limit: ["Your session is about to end", "Save your work, then log in again.", "Back to the page to save", " "],
      left: ["Time left: ", " seconds"],
      checking: ["Checking your session…"],
      unreachable: "The server cannot be reached. Trying again.",
      extended: "You stay logged in.",
      kept: "What you were writing is kept on this page.",
      login: "Log in again",
      ended: ["Your session has ended"],
      idle: ["Your session has ended: nothing was done"],
      "portal-idle": ["Your session on this site has ended: nothing was done"],
      absolute: ["Your session has reached its time limit"],
      logout: ["You have logged out"],
      revoked: ["Your session was ended by an administrator"],
      evicted: ["Your session has ended: there is a newer one"],
      "password-changed": ["Your session has ended: the password was changed"],
      "account-disabled": ["Your account was disabled"],
    },
  };

  const HOST = "dvauth-prompt";
  const MARK = "(!) "; // in the title, for a tab in the background

  /** A browser's own colours for a dialog follow light, dark and forced colours; the accent has contrast on both. */
  const STYLE = `:host{all:initial!important}
dialog{box-sizing:border-box;width:min(30em,100vw - 32px);padding:24px;border:1px solid #8888;border-radius:8px;outline:0}
dialog{color-scheme:light dark;font:1em/1.5 system-ui,sans-serif}
dialog::backdrop{background:#000a}
.cover::backdrop{background:Canvas}
h2{margin:0;font-size:1.4em;line-height:1.3;text-wrap:balance}
p{display:grid;gap:20px;margin:12px 0 0}
p:empty{display:none}
button,a{padding:12px;border:0;border-radius:4px;background:#0f6cbd;color:#fff;cursor:pointer}
button,a{font:inherit;font-weight:600;text-align:center}
button:hover,a:hover{background:#0c599c}
button:focus-visible,a:focus-visible{outline:3px solid CanvasText;outline-offset:3px}
a{display:block;margin-top:24px;text-decoration:none}
[aria-busy=true] button{background:#5c6670}
b{font-size:1.5em;font-variant-numeric:tabular-nums}
.note{border-left:4px solid #d9480f;padding-left:12px}
.quiet{position:absolute;clip-path:inset(50%)}`;

  /** Out of sight and out of print; the dialog itself takes the page out of the accessibility tree. */
  const VEIL = `:root>:not(${HOST}),:root>:not(${HOST}) *{visibility:hidden!important}`;

  /** @param {string} css */
  const createSheet = (css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    return sheet;
  };

  /** @param {string} tag @param {{[name: string]: string}} attributes @param {(Node | string)[]} children */
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  };

  /**
   * The dialog and the cover. Nothing is put into the page before there is something to show.
   *
   * @param {string | undefined} lang  unless the page's own is to be followed
   * @param {() => string} loginUrl
   * @param {() => void} onStay
   */
  const createPrompt = (lang, loginUrl, onStay) => {
    /** @type {{[key: string]: any}} */
    let texts = {};
    let shown = "";
    let title = "";

    const countdown = make("b", { role: "timer", "aria-live": "off" });
    const note = make("p", { class: "note", role: "alert" });
    const whisper = make("p", { class: "quiet", role: "status" });
    const farewell = make("p", { class: "quiet", role: "status" });
    const host = make(HOST, {});
    const veil = createSheet(VEIL);
    const dialog = /** @type {HTMLDialogElement} */ (
      make("dialog", {
        role: "alertdialog",
        "aria-modal": "true",
        "aria-labelledby": "title",
        "aria-describedby": "text",
        closedby: "none",
        tabindex: "-1",
      })
    );

    const raise = () => {
      if (shown && !dialog.open) dialog.showModal();
    };
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", raise); // where `closedby` is unknown, Escape gets through

    const root = host.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [createSheet(STYLE)];
    root.append(dialog, farewell);

    /** @param {string[]} sentence */
    const question = ([before, label, after]) => {
      const button = make("button", {}, label);
      button.onclick = (event) => event.isTrusted && onStay();
      const left = make("span", {}, texts.left[0], countdown, texts.left[1]);
      return [before, button, make("span", { class: "quiet" }, after), left];
    };

    /** @param {View} view */
    const fill = ({ kind, reason, kept }) => {
      const tongue = (lang ?? document.documentElement.lang).startsWith("en") ? "en" : "vi";
      texts = TEXTS[tongue];
      const [name, ...sentence] = texts[reason || kind] ?? texts.ended;
      const isQuestion = sentence.length > 0;
      const text = isQuestion ? question(sentence) : kept ? [texts.kept] : [];
      dialog.lang = tongue;
      dialog.className = isQuestion ? "" : "cover";
      veil.disabled = isQuestion;
      dialog.replaceChildren(make("h2", { id: "title" }, name), make("p", { id: "text" }, ...text), note, whisper);
      if (kind === "ended") note.after(make("a", { href: loginUrl(), target: "_blank" }, texts.login));
      whisper.textContent = farewell.textContent = "";
      dialog.close();
      dialog.showModal(); // above whatever the page opened meanwhile, with the focus on what can be done now
    };

    /** @param {View} view */
    const tell = ({ seconds, busy, offline }) => {
      countdown.textContent = String(seconds);
      if ([30, 15, 5].includes(seconds)) whisper.textContent = texts.left.join(seconds); // a voice each second would be noise
      note.textContent = offline ? texts.unreachable : "";
      dialog.ariaBusy = String(busy);
    };

    const show = () => {
      if (!host.isConnected) {
        document.documentElement.append(host);
        document.adoptedStyleSheets.push(veil);
      }
      title = document.title;
      document.title = MARK + title;
    };

    const hide = () => {
      farewell.textContent = shown.startsWith("warning") ? texts.extended : "";
      veil.disabled = true;
      dialog.close();
      if (document.title === MARK + title) document.title = title;
    };

    return {
      /** @param {View | null} view */
      render(view) {
        const scene = view ? view.kind + view.kept : "";
        const isNew = scene !== shown;
        if (isNew && !shown) show();
        if (view) {
          if (isNew) fill(view);
          tell(view);
        } else if (isNew) hide();
        shown = scene;
      },

      /** Takes the kept page away for good; only why it ended stays. */
      drop() {
        for (const node of [...document.documentElement.childNodes]) if (node !== host) node.remove();
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
    const { fetch, setTimeout, clearTimeout, location } = window;
    const { locks } = navigator;
    const monotonic = performance.now.bind(performance);
    const wall = Date.now;

    const base = new URL(".", tag.src).href;
    const name = `dvauth ${base}`;
    const { lang, onEnd, keepPageForSeconds = "600" } = tag.dataset;
    const machine = createMachine({ keepPageFor: Number(keepPageForSeconds) * SECOND, leaveOnEnd: onEnd === "leave" });
    const service = createService(base, fetch);
    const loginUrl = () =>
      `${base}${base.endsWith("/dvauth/") ? "enter" : "login"}?return_to=${encodeURIComponent(location.href)}`;
    const prompt = createPrompt(lang, loginUrl, () => send({ type: "stay" }));
    /** @type {number | undefined} */
    let timer;

    const send = guarded((/** @type {Happening} */ event) => {
      const effects = machine.handle({ ...event, at: monotonic(), wall: wall() });
      prompt.render(machine.view());
      for (const effect of effects) act[effect.type](/** @type {any} */ (effect));
      clearTimeout(timer);
      const delay = machine.wakeAt() - monotonic();
      if (delay < NEVER) timer = setTimeout(send, Math.min(Math.ceil(delay), LONGEST_DELAY), { type: "tick" });
    });

    const share = openChannel(name, (message) => {
      if (isAnswer(message)) send({ type: "news", answer: message, age: Math.max(0, wall() - message.sent) });
    });

    /** @param {Query} query */
    const ask = async (query) => {
      if (!machine.awaits(query)) return;
      const sent = wall();
      const event = await service(query);
      send(event);
      if (event.type === "answer") share({ session: machine.session(), .../** @type {object} */ (event.answer), sent });
      await new Promise((resolve) => setTimeout(resolve, 50)); // so that the tabs hear it before the next has its turn
    };

    const act = {
      /** Of several tabs with the same question one asks. @param {Query} query */
      query(query) {
        const turn = () => ask(query);
        if (query.cause || !locks) turn();
        else locks.request(name, { signal: AbortSignal.timeout(SECOND) }, turn).catch(turn);
      },
      drop: prompt.drop,
      reload: () => location.reload(),
      leave: () => location.assign(loginUrl()),
    };

    /** @param {string} types @param {(event: any) => void} hear @param {AddEventListenerOptions} [options] */
    const listen = (types, hear, options) => {
      for (const type of types.split(" ")) addEventListener(type, hear, options);
    };

    let felt = -NEVER;
    /** @param {PointerEvent} event */
    const feel = ({ type, isTrusted, movementX, movementY }) => {
      const isStill = type === "pointermove" && !movementX && !movementY;
      if (!isTrusted || isStill || monotonic() - felt < SECOND) return;
      felt = monotonic();
      send({ type: "input" });
    };
    listen("pointerdown pointermove keydown wheel touchstart", feel, { capture: true, passive: true });

    /** @param {KeyboardEvent} event */
    const answer = (event) => {
      const isAsked = ["warning", "limit"].includes(machine.view()?.kind ?? "");
      if (!isAsked || !event.isTrusted || !["Escape", "Enter"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      send({ type: "stay" });
    };
    listen("keydown", answer, { capture: true });

    /** @param {{persisted?: boolean}} event */
    const look = ({ persisted }) => send({ type: "look", hidden: document.hidden, restored: persisted });
    listen("visibilitychange focus pageshow", look);
    listen("pagehide", () => send({ type: "leave" }));
    listen("online", () => send({ type: "online" }));

    look({});
    send({ type: "start" });
  };

  const tag = /** @type {HTMLScriptElement | null | undefined} */ (page?.currentScript);
  if (tag) {
    // A page that is only prerendered has no visitor yet.
    const begin = guarded(() => start(tag));
    if (/** @type {any} */ (page).prerendering) page.addEventListener("prerenderingchange", begin, { once: true });
    else begin();
  }
  return [createMachine, createService, TEXTS];
})(/** @type {Document | undefined} */ (globalThis.document));
