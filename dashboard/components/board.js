// The parts of a board. It keeps its own elements: each is put anew when its part moved, whoever brings it.
const state = (window.bellwetherLive ??= {});

// What a reader opened stays open, and what has the keyboard keeps it.
const put = (place, html) => {
  const opened = [...place.querySelectorAll("details")].map((each) => each.open);
  const focusable = () => [...place.querySelectorAll("summary, a, button, [tabindex]")];
  const focused = focusable().indexOf(document.activeElement);
  place.innerHTML = html;
  [...place.querySelectorAll("details")].forEach((each, number) => { each.open = opened[number] ?? each.open; });
  if (focused >= 0) focusable()[focused]?.focus({ preventScroll: true });
};

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("[data-board]");
  if (root.frame !== data.frame) {
    root.innerHTML = root.frame = data.frame;
    root.shown = {};
    root.putAt = {};
  }
  const board = {
    token: data.token,
    shown: root.shown,
    // In how many milliseconds a part may be drawn again: those that are drawn often enough rest for a while.
    rest: (name) => Math.max((root.putAt[name] ?? 0) + data.every[name] - Date.now(), 0),
    take: (parts) => {
      for (const [name, { version, html }] of Object.entries(parts)) {
        if (root.shown[name] === version) continue;
        put(root.querySelector(`[data-part="${name}"]`), html);
        root.shown[name] = version;
        root.putAt[name] = Date.now();
      }
    },
  };
  // What another choice of the reader brings is another board, though it may be in the same state.
  if (root.token !== data.token) root.shown = board.shown = {};
  root.token = data.token;
  board.take(data.parts);
  state.board = board;
  return () => { if (state.board === board) state.board = null; };
}
