// Runs before the first paint, so that a page that is to be light never flashes dark. No module: those run later.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("lanrage.theme");
    if (chosen === "light" || chosen === "dark") {
      document.documentElement.dataset.theme = chosen;
    }
  } catch {
    // A browser that keeps nothing follows the system.
  }
})();
