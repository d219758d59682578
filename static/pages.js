// @ts-check
// What the pages do beyond HTML: a password can be shown while it is typed, a link copied at a click, and what stands
// on a page alone is not lost by leaving it unasked. Without this file all of them still work.

/** @param {HTMLButtonElement} button */
function offerToShow(button) {
  const input = document.getElementById(button.getAttribute("aria-controls") ?? "");
  if (!(input instanceof HTMLInputElement)) return;

  /** @param {boolean} shown */
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = (shown ? button.dataset.hide : button.dataset.show) ?? "";
    button.setAttribute("aria-label", (shown ? button.dataset.hideLabel : button.dataset.showLabel) ?? "");
  };
  button.hidden = false;
  button.addEventListener("click", () => show(input.type === "password"));
  // Browsers remember what was typed into a text field; they offer to save a password only from a password field.
  input.form?.addEventListener("submit", () => show(false));
}

/** @param {HTMLButtonElement} button */
function offerToCopy(button) {
  const source = document.getElementById(button.dataset.copy ?? "");
  const isText = source instanceof HTMLTextAreaElement || source instanceof HTMLInputElement;
  if (!isText || !navigator.clipboard) return;

  button.hidden = false;
  button.addEventListener("click", async () => {
    source.select();
    await navigator.clipboard.writeText(source.value);
    button.textContent = button.dataset.copied ?? "";
    button.setAttribute("aria-label", button.dataset.copied ?? "");
  });
}

/**
 * The browser asks before the page is left, until the file was saved.
 * @param {HTMLAnchorElement} link
 */
function askBeforeLeaving(link) {
  /** @param {BeforeUnloadEvent} leaving */
  const ask = (leaving) => leaving.preventDefault();
  addEventListener("beforeunload", ask);
  link.addEventListener("click", () => removeEventListener("beforeunload", ask));
}

document.querySelectorAll("a[data-only-here]").forEach((link) => {
  if (link instanceof HTMLAnchorElement) askBeforeLeaving(link);
});

document.querySelectorAll("button[data-copy]").forEach((button) => {
  if (button instanceof HTMLButtonElement) offerToCopy(button);
});

document.querySelectorAll("button[data-show]").forEach((button) => {
  if (button instanceof HTMLButtonElement) offerToShow(button);
});
