// @ts-check
// Shows a portal's prompt while its words and its colour are typed. Without this file there is the preview of what is
// saved; whether a colour can be read is decided by the service alone.

/** @param {HTMLElement} preview */
function showAsTyped(preview) {
  const form = preview.closest("form");
  if (!form) return;

  const show = () => {
    const typed = new FormData(form);
    /** @param {string} name */
    const value = (name) => String(typed.get(name) ?? "").trim();
    /** @type {NodeListOf<HTMLElement>} */
    const places = preview.querySelectorAll("[data-shows]");
    for (const place of places) {
      place.textContent = value(place.dataset.shows ?? "") || (place.dataset.ours ?? "");
    }
    const isColour = /^#[0-9a-f]{6}$/i.test(value("accent"));
    // As the prompt itself does: one that is too light for white words is darkened.
    const accent = isColour ? `oklch(from ${value("accent")} min(l,.5) c h)` : (preview.dataset.accent ?? "");
    /** @type {NodeListOf<HTMLElement>} */
    const answers = preview.querySelectorAll(".answer");
    for (const answer of answers) answer.style.background = accent;
  };
  form.addEventListener("input", show);
  show();
  preview.hidden = false;
}

document.querySelectorAll(".prompt-preview").forEach((preview) => {
  if (preview instanceof HTMLElement) showAsTyped(preview);
});
