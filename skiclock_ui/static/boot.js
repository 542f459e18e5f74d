// Before the first paint: the colours that the viewer chose. Kept in a cookie, for a year.

(() => {
  const root = document.documentElement;
  const light = matchMedia("(prefers-color-scheme: light)");
  const chosen = () => /(?:^|; )skiclock_theme=(dark|light|system)/.exec(document.cookie)?.[1] ?? "system";

  function apply() {
    const choice = chosen();
    root.dataset.theme = choice === "system" ? (light.matches ? "light" : "dark") : choice;
    root.dataset.themeChoice = choice;
    root.dataset.scripted = "";
    const color = getComputedStyle(root).getPropertyValue("--bg").trim();
    if (color) document.querySelector('meta[name="theme-color"]')?.setAttribute("content", color);
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      if (button !== root) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  }

  apply();
  light.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-theme-choice]");
    if (!button) return;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `skiclock_theme=${button.dataset.themeChoice}; path=/; max-age=31536000; samesite=lax${secure}`;
    apply();
    const menu = button.closest("details");
    menu?.removeAttribute("open");
    menu?.querySelector("summary")?.focus();
  });
})();
