// Keyboard, time zone and fresh times; live.js keeps the rest fresh. Nothing here is needed: every action is a plain form or link,
// and everything that htmx does is asked for here, so that pages stay plain.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("script");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  // Times -----------------------------------------------------------------------------------------
  let ahead = 0; // how far the device's clock is ahead of the desk's
  const span = (seconds) => {
    const s = Math.floor(Math.abs(seconds));
    if (s < 60) return "under 1 min";
    if (s < 6000) return `${Math.floor(s / 60)} min`;
    if (s < 172800) return `${Math.floor(s / 3600)} h`;
    if (s < 1814400) return `${Math.floor(s / 86400)} days`;
    if (s < 63072000) return `${Math.floor(s / 604800)} weeks`;
    return `${Math.floor(s / 31536000)} years`;
  };
  const tick = () => {
    const now = Date.now() - ahead;
    for (const item of all("[data-since]")) item.textContent = span((now - Date.parse(item.dataset.since)) / 1000);
    for (const item of all("[data-due]")) {
      const left = (Date.parse(item.dataset.due) - now) / 1000;
      item.textContent = `${span(left)} ${left <= 0 ? "over" : "left"}`;
      item.className = `left ${left <= 0 ? "late" : left < 900 ? "soon" : "calm"}`;
    }
  };

  // What happened, for eyes and ears ----------------------------------------------------------------
  const say = (words, kind) => {
    const line = document.createElement("p");
    line.className = `message ${kind}`;
    line.textContent = words;
    one("#messages").replaceChildren(line);
    line.scrollIntoView({ block: "nearest" });
  };

  // Forms of a case change it in place; what does not come back leaves everything as it was -----------
  const improve = (within) => {
    for (const form of all("#case form[method=post]", within)) {
      if (form.dataset.improved || form.action.endsWith("/evidence/")) continue;
      form.dataset.improved = "1";
      const whole = form.matches("#reply form");
      form.setAttribute("hx-post", form.getAttribute("action"));
      form.setAttribute("hx-target", whole ? "#case" : "#side");
      form.setAttribute("hx-select", whole ? "#case" : "#side");
      form.setAttribute("hx-select-oob", whole ? "#messages:innerHTML" : "#messages:innerHTML,#case-head,#talk");
      form.setAttribute("hx-swap", "outerHTML");
      form.setAttribute("hx-disabled-elt", "find .button");
      form.setAttribute("hx-disinherit", "*");
      window.htmx?.process(form);
    }
    for (const area of all("textarea[data-draft]", within)) {
      const kept = sessionStorage.getItem(area.dataset.draft);
      if (area.value) sessionStorage.setItem(area.dataset.draft, area.value);
      else if (kept) {
        area.value = kept;
        area.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
    tick();
  };
  addEventListener("input", (event) => {
    const area = event.target.closest("textarea[data-draft]");
    if (area) sessionStorage.setItem(area.dataset.draft, area.value);
  });
  addEventListener("submit", (event) => {
    for (const area of all("textarea[data-draft]", event.target)) sessionStorage.removeItem(area.dataset.draft);
  });
  const lost = (event, words) => {
    if (event.detail.requestConfig?.verb === "get") return; // a list that could not be refreshed says nothing
    for (const area of all("textarea[data-draft]", event.target)) sessionStorage.setItem(area.dataset.draft, area.value);
    say(words, "error");
  };
  addEventListener("htmx:sendError", (event) => lost(event, "The desk cannot be reached. Nothing was done; what you typed is still here."));
  addEventListener("htmx:responseError", (event) => lost(event, event.detail.xhr.status === 401
    ? "You are signed out. Sign in in another tab, then send this again; what you typed is still here."
    : "That did not work and nothing was changed; what you typed is still here. Reload the page if it happens again."));
  addEventListener("htmx:afterSwap", () => improve(document));
  addEventListener("amends:merged", () => improve(document));

  // Keyboard --------------------------------------------------------------------------------------------
  const choose = (row, moved = true) => {
    if (!row) return;
    one(".row.chosen")?.classList.remove("chosen");
    row.classList.add("chosen");
    if (moved) row.querySelector(".row-link").focus({ preventScroll: true });
    if (moved) row.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const rows = all("[data-row]");
    const at = rows.findIndex((row) => row.classList.contains("chosen"));
    choose(rows[Math.min(rows.length - 1, Math.max(0, at + by))]);
  };
  const press = (key) => {
    const target = one(`[data-key="${key}"]`);
    if (!target) return false;
    if (target.matches("summary")) {
      target.parentElement.open = true;
      target.parentElement.querySelector("select, textarea, button").focus();
    } else if (target.matches("input, textarea")) {
      target.focus();
      target.scrollIntoView({ block: "nearest" });
    } else target.click();
    return true;
  };
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    o: () => one(".row.chosen .row-link")?.click(),
    t: () => { if (!press("t")) one(".row.chosen [data-take]")?.click(); },
    x: () => { if (!press("x")) one(".row.chosen [data-settle]")?.click(); },
    "/": () => { if (!press("/")) location.assign(all(".nav a[href*=search]")[0]?.href ?? "/"); },
    "?": () => one("#shortcuts")?.showModal(),
    g: () => { going = Date.now(); },
  };
  let going = 0;
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return void event.target.closest("form")?.requestSubmit();
    if (event.key === "Escape" && typing && !event.target.closest("dialog")) return void event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const follows = Date.now() - going < 1500;
    going = 0;
    if (follows && event.key === "n") one(".nav a[href$='/now/']")?.click();
    else if (follows && (event.key === "i" || event.key === "p")) all(`.nav a${event.key === "i" ? "" : "[href$=posts\\/]"}`)[0]?.click();
    else if (keys[event.key]) keys[event.key]();
    else if (!("rnseuxpw".includes(event.key) && press(event.key))) return;
    event.preventDefault();
  });
  addEventListener("click", (event) => {
    if (event.target.closest("[data-open]")) document.getElementById(event.target.closest("[data-open]").dataset.open).showModal();
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  addEventListener("focusin", (event) => { const row = event.target.closest("[data-row]"); if (row) choose(row, false); });
  addEventListener("change", (event) => { if (event.target.matches("[data-submits] select")) event.target.form.requestSubmit(); });

  addEventListener("DOMContentLoaded", () => {
    ahead = Date.now() - Date.parse(document.body.dataset.now || new Date().toISOString());
    improve(document);
    setInterval(tick, 15000);
  });
})();
