// The one line of a browser to the desk, shared by all its windows (a SharedWorker; where there is none, each
// window has its own and lets go of it while nobody looks). What it hears it passes on to every window.
"use strict";
const FIRST_PAUSE = 1000, LONGEST_PAUSE = 15000, MANY_PAUSE = 60000, SILENCE = 40000, KEPT = 30000;
const shared = "onconnect" in self;
const ports = new Set();
const present = new Map(); // by case: the last telling of who is there
const waiting = new Map(); // by brand
const changes = []; // of the last seconds: what happened while a page was being made is not in it
const NOBODY = { name: "nobody" }; // said before all who are there are told anew, since cases without anybody are not
let url, line = { name: "line", state: "opening" }, cut, timer, pause = FIRST_PAUSE;

const tell = (message) => { for (const port of ports) port.postMessage(message); };
const become = (state, stream) => { line = { name: "line", state, stream }; tell(line); };

const hear = {
  hello: ({ stream, brands }) => {
    pause = FIRST_PAUSE;
    present.clear();
    become("live", stream);
    tell(NOBODY);
    for (const brand of brands) if (brand.waiting !== null) hear.waiting({ brand: brand.id, waiting: brand.waiting });
    tell({ name: "reload" }); // whatever was shown before may be old by now
  },
  waiting: (data) => { waiting.set(data.brand, data); tell({ name: "waiting", ...data }); },
  changed: (data) => {
    const told = { name: "changed", ...data };
    while (changes.length && changes[0].at < Date.now() - KEPT) changes.shift();
    changes.push({ at: Date.now(), told });
    tell(told);
  },
  presence: (data) => {
    if (data.people.length) present.set(data.case, data); else present.delete(data.case);
    tell({ name: "presence", ...data });
  },
  reload: () => { if (line.state === "away") become("live", line.stream); tell({ name: "reload" }); },
  away: () => become("away", line.stream),
  end: ({ why }) => { if (why === "too many") pause = MANY_PAUSE; },
};

const take = (block) => {
  const said = Object.fromEntries(block.split("\n").map((row) => row.split(/: (.*)/s, 2)));
  if (said.event && said.data) hear[said.event]?.(JSON.parse(said.data));
};

const listen = async () => {
  const mine = cut = new AbortController();
  let quiet = setTimeout(() => mine.abort(), SILENCE), state = "lost";
  try {
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, cache: "no-store", signal: mine.signal });
    if (answer.status === 401 || answer.status === 403) return become("out");
    if (!answer.ok || !answer.body) throw new Error();
    const read = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let held = ""; ;) {
      const { value, done } = await read.read();
      if (done) break;
      clearTimeout(quiet);
      quiet = setTimeout(() => mine.abort(), SILENCE);
      const blocks = (held + value).split("\n\n");
      held = blocks.pop();
      blocks.forEach(take);
    }
  } catch {
    // whatever it was, the line is lost
  } finally {
    clearTimeout(quiet);
  }
  if (mine !== cut) return;
  cut = undefined;
  if (!ports.size) return;
  if (pause === MANY_PAUSE) state = "many";
  become(state);
  timer = setTimeout(open, pause * (0.5 + Math.random()));
  pause = Math.min(LONGEST_PAUSE, pause * 2);
};
const open = () => { clearTimeout(timer); timer = undefined; if (!cut) listen(); };
const close = () => {
  const was = cut;
  clearTimeout(timer);
  timer = cut = undefined;
  was?.abort();
  present.clear(); // nothing is heard from here on, so nothing that was is worth telling a window that comes later
  waiting.clear();
  changes.length = 0;
  line = { name: "line", state: "opening" };
};

const asked = (port) => ({ data }) => {
  if (data.name === "hello") {
    url = data.url;
    ports.add(port);
    port.postMessage(line);
    port.postMessage(NOBODY); // the window may have been here before, and not have heard who left
    for (const told of waiting.values()) port.postMessage({ name: "waiting", ...told });
    for (const told of present.values()) port.postMessage({ name: "presence", ...told });
    for (const { at, told } of changes) if (at >= data.since) port.postMessage(told);
    if (!cut && (line.state === "out" || timer === undefined)) open();
  } else if (data.name === "again") {
    pause = FIRST_PAUSE;
    open();
  } else {
    ports.delete(port);
    if (!ports.size) close();
  }
};
if (shared) self.onconnect = ({ ports: [port] }) => { port.onmessage = asked(port); };
else self.onmessage = asked(self);
