// @ts-check
// Asks how far something is until it is done, and says so. Without this file the page shows how far it was.

const PAUSE = 500; // ms

/** @param {HTMLElement} section */
async function follow(section) {
  const bar = section.querySelector("progress");
  const status = section.querySelector("[role=status]");
  if (!bar || !status) return;

  while (bar.value < 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    try {
      const answer = await fetch(section.dataset.progress ?? "", { redirect: "error" });
      bar.value = answer.ok ? (await answer.json()).done : bar.value;
    } catch {
      return; // the page is reloaded by whoever still wants to know
    }
  }
  // At the end alone: read aloud at every step, it would drown everything else.
  status.textContent = section.dataset.done ?? "";
}

document.querySelectorAll("[data-progress]").forEach((section) => {
  if (section instanceof HTMLElement) follow(section);
});
