// Links between pages change the address and let Streamlit draw the page, as its own menu does. Without this they
// still work: the browser then loads the whole dashboard again.
if (!window.bellwetherLinks) {
  window.bellwetherLinks = true;
  document.documentElement.lang = "en-GB";
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-view]");
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!link || event.defaultPrevented || event.button !== 0 || modified) return;
    event.preventDefault();
    window.history.pushState({}, "", link.href);
    window.dispatchEvent(new PopStateEvent("popstate"));
    document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
    if (link.closest(".bw-menu") && window.innerWidth < 768) {
      document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
    }
  });
  // A single letter must not run a command that nobody asked for (WCAG 2.1.4): Streamlit reruns on "r".
  const editable = "input, textarea, select, [contenteditable=true]";
  window.addEventListener("keydown", (event) => {
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (!modified && ["r", "c"].includes(event.key.toLowerCase()) && !event.target.closest?.(editable)) {
      event.stopPropagation();
    }
  }, true);
}
