// Puts what the desk says now into a page that somebody is using. What did not change is not touched; what
// somebody types in stays as it is and is marked instead; focus, choice, scroll and open folds stay where they are.
"use strict";
window.amends = (() => {
  const me = document.body.dataset.person;
  const said = new WeakMap(); // what the desk last said of an element
  const VARIES = 'input[name="csrfmiddlewaretoken"], input[name="key"], #seen';
  const bare = (element) => {
    const copy = element.cloneNode(true);
    for (const time of copy.querySelectorAll("[data-since], [data-due], [data-owner]")) time.replaceWith(time.dataset.since || time.dataset.due || time.dataset.owner);
    for (const input of copy.querySelectorAll(VARIES)) input.remove();
    return copy.outerHTML;
  };
  const remember = (element) => {
    said.set(element, bare(element));
    for (const owner of element.querySelectorAll(`[data-owner="${me}"]`)) { owner.classList.add("me"); owner.textContent = "you"; }
    return element;
  };
  const PARTS = ["alerts", "now-clocks", "now-queue", "now-people", "now-load", "views", "pages", "case-head", "reply", "deeds", "notes-kept", "facts", "author", "on-record"];
  const rows = (within) => within.querySelector("#list > .rows, #talk");
  const rememberAll = () => {
    for (const part of [...PARTS.map((id) => document.getElementById(id)), ...rows(document)?.children ?? []]) {
      if (part && !said.has(part)) remember(part);
    }
  };

  const focusable = (within) => [...within.querySelectorAll("a[href], button, input, select, textarea, summary")];
  const put = (old, fresh) => {
    const at = focusable(old).indexOf(document.activeElement);
    const open = [...old.querySelectorAll("details")].map((fold) => fold.open);
    const node = remember(document.importNode(fresh, true));
    node.classList.toggle("chosen", old.classList.contains("chosen"));
    node.querySelectorAll("details").forEach((fold, number) => { fold.open ||= open[number] ?? false; });
    old.replaceWith(node);
    if (at >= 0) focusable(node)[at]?.focus({ preventScroll: true });
    return node;
  };
  const chosen = (field) => Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  const typed = (field) => field.tagName === "SELECT" ? field.selectedIndex !== chosen(field) : field.value !== field.defaultValue;
  const used = (part) => [...part.querySelectorAll("textarea, select, input:not([type=hidden])")].some(typed)
    || (part.id === "deeds" && (part.contains(document.activeElement) || part.querySelector("details[open]") !== null));
  const mark = (part) => {
    if (part.querySelector(":scope > .stale")) return;
    const note = document.createElement("p");
    note.className = "notice warn stale";
    note.setAttribute("role", "status");
    note.textContent = part.id === "reply"
      ? "The case has changed since you began to write. Look at what is new before you send; your text is kept."
      : "This has changed meanwhile. It is shown anew as soon as you leave it; what you typed is kept until then.";
    part.prepend(note);
  };

  // Children by their ids: those that are new, in the order in which they stand
  const key = (child, at) => child.id || `${child.tagName}-${at}`;
  const mergeRows = (old, fresh) => {
    const wanted = new Map([...fresh.children].map((child, at) => [key(child, at), child]));
    const known = new Map([...old.children].map((child, at) => [key(child, at), child]));
    let held = document.activeElement;
    for (const [name, child] of known) if (!wanted.has(name)) child.remove();
    let next = old.firstElementChild;
    const added = [];
    for (const [name, child] of wanted) {
      let node = known.get(name);
      if (!node) { node = remember(document.importNode(child, true)); added.push(node); }
      else if (said.get(node) !== bare(child)) {
        const was = node, within = was.contains(held);
        node = put(was, child);
        if (within) held = document.activeElement;
        if (next === was) next = node;
      }
      if (node === next) next = next.nextElementSibling;
      else old.insertBefore(node, next);
    }
    if (held !== document.activeElement && old.contains(held)) held.focus({ preventScroll: true });
    return added;
  };

  // The whole of it: what is new in the list or the conversation, and whether something in use had to wait
  const merge = (fresh) => {
    const before = rows(document), after = rows(fresh), list = document.getElementById("list"), was = fresh.getElementById("list");
    let added = [], waits = false;
    const draft = document.getElementById("reply-text")?.value.trim();
    if (before && after) added = mergeRows(before, after);
    else if (list && was) { list.replaceChildren(...document.importNode(was, true).childNodes); added = [...rows(document)?.children ?? []].map(remember); }
    for (const id of PARTS) {
      const part = document.getElementById(id), now = fresh.getElementById(id);
      if (!part || !now || said.get(part) === bare(now)) continue;
      if (used(part)) { mark(part); waits = true; } else put(part, now);
    }
    const seen = fresh.getElementById("seen"), mine = document.getElementById("seen");
    if (draft && added.some((node) => node.matches(".post"))) mark(document.getElementById("reply"));
    else if (seen && mine && !draft) mine.value = seen.value;
    dispatchEvent(new Event("amends:merged"));
    return { added, waits };
  };

  addEventListener("htmx:afterSwap", rememberAll);
  rememberAll();
  return { merge };
})();
