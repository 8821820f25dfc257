// Light or dark: as chosen on this page, else as the system has it. Run before anything is drawn.

(() => {
  const KEY = "theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (localStorage.getItem(KEY) ?? (dark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
    document.getElementById("toggle-theme")?.setAttribute("aria-pressed", String(isDark()));
  };
  show();
  dark.addEventListener("change", show);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("toggle-theme").addEventListener("click", () => {
      localStorage.setItem(KEY, isDark() ? "light" : "dark");
      show();
    });
  });
})();
