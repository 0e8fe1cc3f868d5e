// Links between pages change the address and let Streamlit draw the page, as its own menu does. Without this they
// still work: the browser then loads the whole dashboard again.
if (!window.bellwetherLinks) {
  window.bellwetherLinks = true;
  document.documentElement.lang = "en-GB";
  // A link may end in the name of a part of the page. It is shown once Streamlit has drawn it and what is below it,
  // unless the reader has gone on by then.
  const showPart = (hash) => {
    const until = Date.now() + 15000;
    let calm = 0;
    let moved = false;
    for (const kind of ["wheel", "keydown", "pointerdown"]) {
      window.addEventListener(kind, () => { moved = true; }, { capture: true, once: true });
    }
    const look = () => {
      if (moved || calm > 5 || location.hash !== hash || Date.now() > until) return;
      const part = document.getElementById(hash.slice(1));
      part?.scrollIntoView({ block: "start" });
      const running = document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== "notRunning";
      calm = part && !running ? calm + 1 : 0;
      setTimeout(look, 100);
    };
    if (hash.length > 1) look();
  };
  showPart(location.hash);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]");
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || event.defaultPrevented || event.button !== 0 || modified) return;
    event.preventDefault();
    window.history.pushState({}, "", link.href);
    window.dispatchEvent(new PopStateEvent("popstate"));
    if (!link.hasAttribute("data-stay")) document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
    showPart(location.hash);
    if (link.closest(".bw-menu") && window.innerWidth < 768) {
      document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
    }
  });
  // Streamlit keeps the reader's theme for each address apart; a choice here is for all of them. A choice is read when
  // a page loads, so that it loads again. "System" follows the device.
  const themeKey = (path) => `stActiveTheme-${path}-v2`;
  const chosenTheme = () => localStorage.getItem("bellwether-theme") ?? "System";
  const everyPath = () => {
    const pages = [...document.querySelectorAll(".bw-menu a[data-view]")].map((link) => new URL(link.href).pathname);
    return new Set([...pages, new URL(".", pages.length ? new URL(pages[0], location.href) : location.href).pathname]);
  };
  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-choice]")?.dataset.themeChoice;
    if (!choice) return;
    localStorage.setItem("bellwether-theme", choice);
    for (const path of everyPath()) localStorage.setItem(themeKey(path), JSON.stringify(choice));
    location.reload();
  });
  const markTheme = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      const pressed = String(button.dataset.themeChoice === chosenTheme());
      if (button.getAttribute("aria-pressed") !== pressed) button.setAttribute("aria-pressed", pressed);
    }
  };
  new MutationObserver(markTheme).observe(document.body, { childList: true, subtree: true });
  markTheme();
  // A single letter must not run a command that nobody asked for (WCAG 2.1.4): Streamlit reruns on "r".
  const editable = "input, textarea, select, [contenteditable=true]";
  window.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (!modified && ["r", "c"].includes(event.key.toLowerCase()) && !event.target.closest?.(editable)) {
      event.stopPropagation();
    }
  }, true);
}
