// @ts-check
// Shows a portal's prompt while its words and its colour are typed. Without this file there is the preview of what is
// saved; whether a colour can be read is decided by the service, here it is only told sooner.

const COLOUR = /^#[0-9a-f]{6}$/i;

/** As the service counts it (portals/look.py). @param {string} colour */
function contrastWithWhite(colour) {
  const [red, green, blue] = [1, 3, 5]
    .map((start) => parseInt(colour.slice(start, start + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

/** A colour can be picked, and what is wrong with it is told at once. @param {HTMLElement} pick */
function offerToPick(pick) {
  const typed = document.getElementById(pick.dataset.picks ?? "");
  const picker = pick.querySelector("input");
  const told = pick.querySelector("p");
  if (!(typed instanceof HTMLInputElement) || !picker || !told) return;

  const tell = () => {
    const colour = typed.value.trim();
    const isColour = COLOUR.test(colour);
    if (isColour) picker.value = colour.toLowerCase();
    const isPale = isColour && contrastWithWhite(colour) < Number(pick.dataset.least);
    told.textContent = (isPale ? told.dataset.pale : colour && !isColour ? told.dataset.none : "") ?? "";
  };
  typed.addEventListener("input", tell);
  picker.addEventListener("input", () => {
    typed.value = picker.value;
    typed.dispatchEvent(new Event("input", { bubbles: true }));
  });
  picker.value = document.querySelector(".prompt-preview")?.getAttribute("data-accent") ?? "#000000";
  tell();
  pick.hidden = false;
}

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
    const isColour = COLOUR.test(value("accent"));
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

document.querySelectorAll("[data-picks]").forEach((pick) => {
  if (pick instanceof HTMLElement) offerToPick(pick);
});

document.querySelectorAll(".prompt-preview").forEach((preview) => {
  if (preview instanceof HTMLElement) showAsTyped(preview);
});
