// @ts-check
// Draws a plot from the table beside it. Without this file the table says the same.

/** @typedef {{ x: number, y: number, from: number, to: number }} Bar */

/** @param {HTMLCanvasElement} canvas @returns {Bar[]} */
function barsOf(canvas) {
  const rows = document.querySelectorAll(`#${canvas.dataset.plot} tbody tr`);
  return [...rows].map((row) => {
    const { from, to } = row.querySelector("th")?.dataset ?? {};
    const [left, right] = [Number(from), Number(to)];
    return { x: (left + right) / 2, y: Number(row.querySelector("td")?.dataset.value), from: left, to: right };
  });
}

/** Lines across the bars: dashed for the prompt, solid for the logout; each says what it is. */
const marks = {
  id: "marks",
  /** @param {any} chart */
  afterDatasetsDraw({ ctx, chartArea, scales, canvas }) {
    const style = getComputedStyle(canvas);
    const lines = [
      { at: canvas.dataset.prompt, text: canvas.dataset.promptLabel, dash: [6, 4], side: "right", gap: -6 },
      { at: canvas.dataset.logout, text: canvas.dataset.logoutLabel, dash: [], side: "left", gap: 6 },
    ];
    for (const { at, text, dash, side, gap } of lines) {
      const x = scales.x.getPixelForValue(Number(at));
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = style.color;
      ctx.lineWidth = 2;
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      ctx.font = `600 14px ${style.fontFamily}`;
      ctx.textAlign = side;
      ctx.fillText(text, x + gap, chartArea.top + 14);
      ctx.restore();
    }
  },
};

/** @param {HTMLCanvasElement} canvas */
function draw(canvas) {
  const bars = barsOf(canvas);
  const style = getComputedStyle(canvas);
  const ink = style.color;
  /** @param {string | undefined} text */
  const axis = (text) => ({
    title: { display: true, text, color: ink },
    ticks: { color: ink, maxRotation: 0 },
    grid: { display: false, offset: false },
  });
  // @ts-expect-error: Chart.js stands beside this file
  new Chart(canvas, {
    type: "bar",
    data: {
      datasets: [
        { data: bars, backgroundColor: style.getPropertyValue("--accent"), categoryPercentage: 1, barPercentage: 0.9 },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: { ...axis(canvas.dataset.axis), type: "linear", offset: false, min: 0, max: bars.at(-1)?.to },
        y: { ...axis(canvas.dataset.share), beginAtZero: true },
      },
    },
    plugins: [marks],
  });
}

document.querySelectorAll("canvas[data-plot]").forEach((canvas) => {
  if (canvas instanceof HTMLCanvasElement) draw(canvas);
});
