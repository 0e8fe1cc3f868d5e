// The line that says how old the page's figures are. It asks the server how things stand and has what moved drawn again.
// Ages are worked out here, from instants: they are right when a tab wakes, and grow when nobody answers any more.
const POLL_HIDDEN = 5000;
const PATIENCE = 8000;
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

// What the page is, in one word for the eye and one sentence for a screen reader.
const standing = () => {
  if (state.failures >= LOST_AFTER) {
    return ["lost", "Not connected", `No connection to the server since ${time(state.answered ?? state.began)}. The figures are the last that came.`];
  }
  if (state.lost) return ["lost", "Warehouse not answering", `The warehouse has not answered since ${time(state.lost)}. The figures are the last that came.`];
  if (paused()) return ["paused", "Paused", state.behind ? "Newer data are there." : "Figures stay as they are."];
  if (state.sent && state.answered - state.sent > PATIENCE) {
    return ["lost", "Not up to date", "Newer data are there, but this page is not drawn again. Load it again."];
  }
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
    const [kind, word, sentence] = standing();
    root.dataset.live = kind;
    put(part("word"), word);
    const received = state.taken?.received ?? data.received;
    put(part("as-of"), state.taken ? `Data as of ${instant(state.taken.as_of)}` : data.as_of);
    put(part("age"), received ? `received ${ageWords(serverNow() - Date.parse(received))} ago` : "");
    put(part("note"), sentence);
    put(part("told"), state.told && state.told !== kind ? `${word}. ${sentence}` : part("told").textContent);
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

  // Parts of the board that may be drawn again now, each with the version that stands there.
  const asked = () => {
    const board = paused() ? null : boardOf(data);
    return board ? board.due().map((name) => `${name}:${board.shown[name]}`).join(",") : "";
  };

  const look = async () => {
    try {
      const address = new URL("live", document.baseURI);
      address.search = new URLSearchParams({ watch: data.token, shown: asked() });
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(answer.statusText);
      const said = await answer.json();
      state.failures = 0;
      state.answered = Date.now();
      state.offset = Date.parse(said.now) - Date.now();
      state.lost = said.lost;
      state.versions = said.versions;
      state.unknown = said.versions === null;
      const board = boardOf(data);
      const parts = Object.values(said.drawn);
      if (board && !stopped && !paused() && parts.length) {
        board.take(said.drawn);
        const newest = parts.reduce((one, other) => (other.received > one.received ? other : one));
        if (newest.as_of && !(state.taken?.received > newest.received)) state.taken = newest;
      }
      if (!stopped) decide();
    } catch {
      state.failures += 1;
    }
    if (stopped) return;
    show();
    timer = setTimeout(look, document.hidden ? POLL_HIDDEN : data.poll);
  };

  let stopped = false;
  let timer = setTimeout(look, data.poll);
  const ticking = setInterval(show, 1000);
  const wake = () => {
    if (document.hidden) return;
    show();
    clearTimeout(timer);
    look();
  };
  const toggle = () => {
    sessionStorage.setItem(PAUSED, paused() ? "no" : "yes");
    show();
    if (!paused()) decide();
  };
  document.addEventListener("visibilitychange", wake);
  button.addEventListener("click", toggle);
  show();
  return () => {
    stopped = true;
    clearTimeout(timer);
    clearInterval(ticking);
    document.removeEventListener("visibilitychange", wake);
    button.removeEventListener("click", toggle);
  };
}
