// The line that says how old the page's figures are. It tells the server what the page shows, is answered once something
// moved, and has that drawn again. Ages are worked out here, from instants: they are right when a tab wakes, and grow
// when nobody answers any more.
const ASK_HIDDEN = 5000;
const COME_AGAIN = 500;
const SILENCE = 6000;
const PATIENCE = 8000;
const QUIET = 30 * 60000;
const LOST_AFTER = 3;
const PAUSED = "bellwether-paused";

const state = (window.bellwetherLive ??= { offset: 0, failures: 0, answered: null, sent: null, lost: null, behind: false });

const paused = () => sessionStorage.getItem(PAUSED) === "yes";
const serverNow = () => Date.now() + state.offset;
const time = (instant) => new Date(instant).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" });

const instant = (at) => {
  const day = new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "Europe/London" });
  return `${day}, ${new Date(at).toLocaleTimeString("en-GB", { timeZone: "Europe/London" })}`;
};

const ageWords = (milliseconds) => {
  const seconds = Math.max(Math.floor(milliseconds / 1000), 0);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
};

// The board that stands on the page, where one does; see board.js.
const boardOf = (data) => (state.board?.token === data.token ? state.board : null);

const pageMoved = (data) => (state.versions ? state.versions.page !== data.drawn : Boolean(state.unknown));
const partsMoved = (data) => {
  const board = boardOf(data);
  return Boolean(board && state.versions && Object.keys(board.shown).some((name) => board.shown[name] !== state.versions[name]));
};

// What the page is, in one word for the eye and one sentence for a screen reader. `age` is that of the newest records of
// a page that follows a trust's own: they come all day long, so that it is not live without any.
const standing = (age) => {
  if (state.failures >= LOST_AFTER) {
    return ["lost", "Not connected", `No connection to the server since ${time(state.answered ?? state.began)}. The figures are the last that came.`];
  }
  if (state.lost) return ["lost", "Warehouse not answering", `The warehouse has not answered since ${time(state.lost)}. The figures are the last that came.`];
  if (paused()) return ["paused", "Paused", state.behind ? "Newer data are there." : "Figures stay as they are."];
  if (state.sent && state.answered - state.sent > PATIENCE) {
    return ["lost", "Not up to date", "Newer data are there, but this page is not drawn again. Load it again."];
  }
  if (age > QUIET) return ["quiet", "No new records", "The figures are the last that came."];
  return ["live", "Live", ""];
};

const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector("[data-live]");
  const part = (name) => root.querySelector(`[data-${name}]`);
  const button = part("pause");
  state.began ??= Date.now();
  if (state.drawn !== data.drawn || state.token !== data.token) {
    [state.drawn, state.token, state.taken] = [data.drawn, data.token, null];
    state.drawnAt = Date.now();
    state.sent = null;
  }
  if (state.answered === null) state.offset = Date.parse(data.now) - Date.now();

  const show = () => {
    // What a part brought, unless the page itself was drawn from something newer since.
    const taken = state.taken && !(data.received > state.taken.received) ? state.taken : null;
    const received = taken?.received ?? data.received;
    const age = received ? serverNow() - Date.parse(received) : null;
    // A page may show what hardly ever moves, though records come: they are what it is live by.
    const newest = state.received > received ? state.received : received;
    const [kind, word, sentence] = standing(data.followed && newest ? serverNow() - Date.parse(newest) : null);
    root.dataset.live = kind;
    put(part("word"), word);
    put(part("as-of"), taken ? `Data as of ${instant(taken.as_of)}` : data.as_of);
    put(part("age"), age === null ? "" : `received ${ageWords(age)} ago`);
    put(part("note"), sentence);
    if (state.told && state.told !== kind) put(part("told"), `${word}. ${sentence}`);
    state.told = kind;
    put(button, paused() ? "Resume" : "Pause");
  };

  const decide = () => {
    const moved = pageMoved(data);
    state.behind = moved || partsMoved(data);
    if (!moved || paused() || Date.now() - state.drawnAt < data.every) return;
    // What was asked for once is asked for again only when the answer has had its time.
    if (state.sent && Date.now() - state.asked < PATIENCE / 2) return;
    state.sent ??= Date.now();
    state.asked = Date.now();
    setTriggerValue("moved", state.versions?.page ?? "unknown");
  };

  // What stands on the board: by part the version, and in how many milliseconds it may be drawn again.
  const shown = () => {
    const board = paused() ? null : boardOf(data);
    return board ? Object.fromEntries(Object.keys(board.shown).map((name) => [name, [board.shown[name], board.rest(name)]])) : {};
  };

  const take = (said) => {
    state.failures = 0;
    state.answered = Date.now();
    state.offset = Date.parse(said.now) - Date.now();
    state.lost = said.lost;
    state.received = said.received;
    state.versions = said.versions;
    state.unknown = said.versions === null;
    const board = boardOf(data);
    const parts = Object.values(said.drawn);
    if (board && !paused() && parts.length) {
      board.take(said.drawn);
      const newest = parts.reduce((one, other) => (other.received > one.received ? other : one));
      if (newest.as_of && !(state.taken?.received > newest.received)) state.taken = newest;
    }
    decide();
  };

  let stopped = false;
  let socket = null;
  let told = "";
  let timer = null;

  const ask = () => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    clearTimeout(timer); // it waited for the line to open
    socket.send(JSON.stringify({ watch: data.token, told, shown: shown() }));
    const line = socket;
    timer = setTimeout(() => failed(line, LOST_AFTER), SILENCE);
  };

  const failed = (line, times) => {
    if (stopped || line !== socket) return;
    leave();
    state.failures += times;
    show();
    timer = setTimeout(come, COME_AGAIN);
  };

  const leave = () => {
    clearTimeout(timer);
    const line = socket;
    socket = null;
    line?.close();
  };

  // A new line each time that the page has something else to say: what is held for the old one does not matter any more.
  const come = () => {
    leave();
    told = "";
    const address = new URL("live", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const line = new WebSocket(address);
    socket = line;
    line.onopen = () => { if (line === socket) ask(); };
    line.onclose = () => failed(line, 1);
    line.onmessage = ({ data: text }) => {
      if (line !== socket) return;
      clearTimeout(timer);
      const said = JSON.parse(text);
      told = said.told;
      take(said);
      show();
      timer = setTimeout(ask, document.hidden ? ASK_HIDDEN : 0);
    };
    timer = setTimeout(() => failed(line, LOST_AFTER), SILENCE);
  };

  const ticking = setInterval(() => { decide(); show(); }, 1000);
  const wake = () => {
    if (document.hidden) return;
    show();
    come();
  };
  const toggle = () => {
    sessionStorage.setItem(PAUSED, paused() ? "no" : "yes");
    show();
    come();
  };
  document.addEventListener("visibilitychange", wake);
  button.addEventListener("click", toggle);
  show();
  come();
  return () => {
    stopped = true;
    leave();
    clearInterval(ticking);
    document.removeEventListener("visibilitychange", wake);
    button.removeEventListener("click", toggle);
  };
}
