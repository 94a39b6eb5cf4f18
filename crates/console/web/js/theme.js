// Before anything is painted: the theme that was chosen, or else the system's.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("lambent.theme"); } catch { /* Storage may be switched off. */ }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => { document.documentElement.dataset.theme = chosen ?? (system.matches ? "dark" : "light"); };
  system.addEventListener("change", apply);
  addEventListener("lambent-theme", (event) => { chosen = event.detail; apply(); });
  apply();
})();
