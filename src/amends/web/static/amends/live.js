// An open screen that keeps up: the number of those who wait, lists and cases, and who else is here. Without it
// every page works by reloading.
"use strict";
(() => {
  const body = document.body.dataset;
  if (!body.live || !window.amends) return;
  const one = (id) => document.getElementById(id);
  const me = Number(body.person), brand = Number(body.brand);
  const REDRAW = 2000, SIGN = 15000, POLL = 20000, WRITES = 120000;
  const title = document.title;
  const present = new Map();
  const place = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let state = "opening", stream = "", stale = false, gone = false, due = 0, timer, mark = "", touched = {}, doing = "", lost, requests = 0;

  // What is heard -----------------------------------------------------------------------------------------
  const concerns = ({ cases, conversations }) => {
    if (one("list")) return true;
    const shown = one("case")?.dataset;
    return shown && (!cases || cases.includes(Number(shown.case)) || conversations.includes(Number(shown.conversation)));
  };
  const hear = {
    line: (told) => {
      state = told.state;
      clearTimeout(lost);
      if (state === "live") { stream = told.stream; say(true); }
      lost = setTimeout(showLine, state === "lost" || state === "away" ? 1500 : 0);
    },
    waiting: (told) => { if (told.brand === brand) wait(told.waiting); },
    changed: (told) => { if (told.brand !== brand) return; if (concerns(told)) redraw(told.mark); else ring(); },
    nobody: () => { present.clear(); showPresent(); },
    presence: (told) => { if (told.brand === brand) { present.set(told.case, told.people.filter(({ id }) => id !== me)); showPresent(); if (one("now-people")) redraw(); } },
    reload: () => redraw(),
  };
  const LINES = { lost: "Not live, retrying", away: "Not live, retrying", many: "Not live: open in too many windows", out: "You are signed out" };
  const showLine = () => { const line = one("line"); if (line && line.textContent !== (LINES[state] ?? "")) line.textContent = LINES[state] ?? ""; };
  const wait = (number) => {
    const badge = one("waiting"), told = number > 99 ? "99+" : `${number}`;
    if (badge) { badge.hidden = !number; badge.querySelector(".num").textContent = told; }
    document.title = number ? `(${told}) ${title}` : title;
  };
  const RING = 10000; // the number of alerts, where nothing else of the page is drawn anew
  let rung;
  const ring = () => {
    const link = one("alerts");
    if (!link || document.hidden || rung !== undefined) return;
    rung = setTimeout(async () => {
      rung = undefined;
      const answer = await fetch(link.href, { headers: { "HX-Request": "true", Redraw: "now" }, cache: "no-store" }).catch(() => undefined);
      if (answer?.ok) one("alerts")?.replaceWith(document.importNode(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("alerts"), true));
    }, RING);
  };
  const tell = (words) => { const told = one("told"); if (told) told.textContent = words; };

  // Drawing anew: at once, then at most every two seconds, and not under somebody's hands ----------------------
  const held = () => requests > 0 || Date.now() - pressed < 3000 || (!getSelection().isCollapsed && one("list")?.contains(getSelection().anchorNode));
  let pressed = 0;
  const redraw = (heard = "") => {
    mark = heard;
    stale = true;
    if (!document.hidden && timer === undefined) timer = setTimeout(draw, Math.max(0, due - Date.now()));
  };
  const draw = async () => {
    timer = undefined;
    if (document.hidden || !(one("list") || one("case"))) return;
    if (held()) return void (timer = setTimeout(draw, 500));
    due = Date.now() + (Number(one("list")?.dataset.every) || REDRAW);
    stale = false;
    const swaps = swapped;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { "HX-Request": "true", Redraw: mark || "now" }, cache: "no-store" });
      if (!answer.ok) throw new Error();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (swapped !== swaps || held()) return redraw(); // somebody did something meanwhile: what came is older than that
      inPlace(() => shown(amends.merge(fresh)));
    } catch {
      stale = true; // tried again with what is heard next, or by the clock
    }
  };
  const shown = ({ added, waits }) => {
    stale ||= waits;
    showPresent();
    const kind = one("list")?.dataset.list ?? "post";
    const fresh = added.filter((node) => node.id && !node.matches(".ours")).length;
    if (fresh) tell(one("list") ? `${fresh} new ${kind}${fresh > 1 ? "s" : ""} in this list` : `${fresh} new post${fresh > 1 ? "s" : ""} in this conversation`);
  };
  const inPlace = (change) => {
    const row = document.querySelector("[data-row]:hover") ?? document.querySelector(".row.chosen")
      ?? (scrollY > 60 ? [...document.querySelectorAll("[data-row], #talk > [id]")].find((each) => each.getBoundingClientRect().bottom > 60) : undefined);
    const before = row?.getBoundingClientRect().top;
    change();
    if (row?.isConnected) scrollBy(0, row.getBoundingClientRect().top - before);
  };

  // Who else is here, and what I do here ---------------------------------------------------------------------
  const WORDS = { reading: "is reading", noting: "is writing a note", answering: "is writing an answer" };
  const showPresent = () => {
    for (const old of document.querySelectorAll(".row .at-it")) old.remove();
    for (const [id, people] of present) {
      const busy = people.filter((person) => person.doing !== "reading");
      const who = one(`case-${id}`)?.querySelector(".row-who");
      if (!who || !busy.length) continue;
      const badge = document.createElement("span");
      badge.className = "badge info at-it";
      badge.textContent = busy.map((person) => `${person.name} ${WORDS[person.doing]}`).join(", ");
      who.append(badge);
    }
    const others = present.get(Number(one("case")?.dataset.case)) ?? [];
    const put = (line, words) => { if (line && line.textContent !== words) line.textContent = words; };
    put(one("here"), others.map((person) => `${person.name} ${WORDS[person.doing]}`).join(" · "));
    const writing = others.filter((person) => person.doing === "answering").map((person) => person.name).join(" and ");
    const notice = one("answering");
    put(notice, writing && `${writing} ${writing.includes(" and ") ? "are" : "is"} writing an answer here at this moment.`);
    if (notice) notice.hidden = !writing;
  };
  const writes = (id) => one(id)?.value.trim() && Date.now() - (touched[id] ?? 0) < WRITES;
  const post = (to, fields) => fetch(to, {
    method: "POST", keepalive: true, headers: { "HX-Request": "true" },
    body: new URLSearchParams({ place, csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value, ...fields }),
  }).catch(() => undefined); // said again with the next sign of life
  const leave = () => { if (doing) post(one("case").dataset.gone, {}); doing = ""; };
  const say = (again = false) => {
    const shownCase = one("case");
    if (!shownCase || gone) return;
    const now = writes("reply-text") ? "answering" : writes("note-text") ? "noting" : "reading";
    if (document.hidden && now === "reading") return leave();
    if (now === doing && !again) return;
    doing = now;
    post(shownCase.dataset.here, { doing, stream });
  };

  // The line, and what the person does ------------------------------------------------------------------------
  const port = "SharedWorker" in window ? new SharedWorker(body.worker, { name: "amends" }).port : new Worker(body.worker);
  const hello = () => port.postMessage({ name: "hello", url: body.live, since: performance.timeOrigin });
  port.onmessage = ({ data }) => hear[data.name]?.(data);
  const own = !("SharedWorker" in window);
  let swapped = 0;
  addEventListener("visibilitychange", () => {
    if (own) document.hidden ? port.postMessage({ name: "bye" }) : hello();
    else if (!document.hidden && state !== "live") port.postMessage({ name: "again" });
    if (!document.hidden && stale) redraw();
    say(true);
  });
  addEventListener("pagehide", () => { leave(); gone = true; port.postMessage({ name: "bye" }); });
  addEventListener("pageshow", (event) => { gone = false; if (event.persisted) { hello(); redraw(); say(true); } });
  addEventListener("online", () => port.postMessage({ name: "again" }));
  addEventListener("input", (event) => { if (event.target.matches("textarea")) { touched[event.target.id] = Date.now(); say(); } });
  addEventListener("focusout", () => setTimeout(() => { if (stale && state === "live") redraw(); }, 200));
  addEventListener("pointerdown", () => { pressed = Date.now(); });
  for (const end of ["pointerup", "pointercancel", "dragend"]) addEventListener(end, () => { pressed = 0; });
  addEventListener("htmx:beforeSend", ({ detail: { requestConfig, xhr } }) => {
    if (requestConfig.verb !== "post") return;
    requests += 1;
    xhr.addEventListener("loadend", () => { requests -= 1; }); // htmx tells its end only where the element still is
  });
  addEventListener("htmx:afterSwap", (event) => { if (event.target.id !== "count") { swapped += 1; showPresent(); say(true); } });
  setInterval(() => { say(true); }, SIGN);
  setInterval(() => { if (state !== "live" || stale || one("now-people")) redraw(); }, POLL); // time alone changes figures, too
  wait(Number.parseInt(one("waiting")?.querySelector(".num").textContent ?? "0", 10) || 0);
  hello();
})();
