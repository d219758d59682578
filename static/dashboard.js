// @ts-check
// Draws the plots from the table beside them. Without this file the table says the same.

/** What tells lines apart without colour. */
const LINES = [
  { pointStyle: "circle", borderDash: [], ink: "--accent" },
  { pointStyle: "triangle", borderDash: [8, 4], ink: "--danger" },
  { pointStyle: "rect", borderDash: [2, 3], ink: "--ink" },
];
const MOST_MARKS = 31; // of more, only some are drawn

const rows = [...document.querySelectorAll("#numbers tbody tr")].reverse(); // the oldest first

/** @param {Element} row @param {string} figure @returns {number | null} */
function valueOf(row, figure) {
  const value = row.querySelector(`[data-figure=${figure}]`)?.getAttribute("data-value");
  return value ? Number(value) : null;
}

/** @param {HTMLCanvasElement} canvas */
function draw(canvas) {
  canvas.classList.toggle("on-dark", matchMedia("(prefers-color-scheme: dark)").matches); // paper is not
  const style = getComputedStyle(canvas);
  const color = style.color;
  const every = Math.ceil(rows.length / MOST_MARKS);
  const datasets = (canvas.dataset.series ?? "").split(" ").map((figure, number) => {
    const { pointStyle, borderDash, ink } = LINES[number];
    const line = style.getPropertyValue(ink);
    return {
      label: document.querySelector(`#numbers th[data-figure=${figure}]`)?.textContent,
      data: rows.map((row) => valueOf(row, figure)),
      pointStyle,
      borderDash,
      pointRadius: rows.map((_row, index) => (index % every ? 0 : 5)),
      borderWidth: 2,
      borderColor: line,
      backgroundColor: line,
    };
  });
  // @ts-expect-error: Chart.js stands beside this file
  new Chart(canvas, {
    type: "line",
    data: { labels: rows.map((row) => row.querySelector("time")?.textContent), datasets },
    options: {
      animation: false,
      maintainAspectRatio: false,
      locale: document.documentElement.lang,
      interaction: { mode: "index", intersect: false },
      plugins: {
        legend: { display: datasets.length > 1, labels: { color, usePointStyle: true, boxHeight: 8, font: { size: 14 } } },
        tooltip: { usePointStyle: true },
      },
      scales: {
        x: { ticks: { color, maxRotation: 0, autoSkipPadding: 16 }, grid: { display: false } },
        y: { ticks: { color, precision: 0 }, beginAtZero: true, suggestedMax: 4 },
      },
    },
  });
}

document.querySelectorAll("canvas[data-series]").forEach((canvas) => {
  if (canvas instanceof HTMLCanvasElement) draw(canvas);
});
