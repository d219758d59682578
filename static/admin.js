// @ts-check
// Draws a plot from the table beside it. Without this file the table says the same.

/** @typedef {{ canvas: HTMLCanvasElement, labels: string[], values: number[] }} Source */

/** @param {HTMLCanvasElement} canvas @returns {Source} */
function tableOf(canvas) {
  const table = document.getElementById(canvas.dataset.plot ?? "");
  const rows = [...(table?.querySelectorAll("tbody tr") ?? [])];
  return {
    canvas,
    labels: rows.map((row) => row.querySelector("th")?.textContent ?? ""),
    values: rows.map((row) => Number(row.querySelector("td")?.dataset.value)),
  };
}

/** Lines across the bars: solid for the logout, dashed for the prompt; each says what it is. */
const marks = {
  id: "marks",
  /** @param {any} chart */
  afterDatasetsDraw(chart) {
    const { ctx, chartArea, scales, canvas } = chart;
    const width = scales.x.width / chart.data.labels.length;
    const style = getComputedStyle(canvas);
    const lines = [
      { at: canvas.dataset.prompt, text: canvas.dataset.promptLabel, dash: [6, 4], row: 1 },
      { at: canvas.dataset.logout, text: canvas.dataset.logoutLabel, dash: [], row: 0 },
    ];
    for (const { at, text, dash, row } of lines) {
      const x = chartArea.left + Number(at) * width;
      if (!(x <= chartArea.right)) continue;
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = style.color;
      ctx.lineWidth = 2;
      ctx.setLineDash(dash);
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      ctx.font = `600 14px ${style.fontFamily}`;
      ctx.textAlign = x > (chartArea.left + chartArea.right) / 2 ? "right" : "left";
      ctx.fillText(text, x + (ctx.textAlign === "right" ? -6 : 6), chartArea.top + 16 + 20 * row);
      ctx.restore();
    }
  },
};

/** @param {Source} source */
function draw({ canvas, labels, values }) {
  const style = getComputedStyle(canvas);
  const [ink, bar] = [style.color, style.getPropertyValue("--accent")];
  /** @param {string | undefined} text */
  const axis = (text) => ({
    title: { display: true, text, color: ink },
    ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 },
    grid: { display: false },
  });
  // @ts-expect-error: Chart.js stands beside this file
  new Chart(canvas, {
    type: "bar",
    data: { labels, datasets: [{ data: values, backgroundColor: bar, categoryPercentage: 1, barPercentage: 0.9 }] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      plugins: { legend: { display: false } },
      scales: { x: axis(canvas.dataset.axis), y: { ...axis(canvas.dataset.share), beginAtZero: true } },
    },
    plugins: [marks],
  });
}

document.querySelectorAll("canvas[data-plot]").forEach((canvas) => {
  if (canvas instanceof HTMLCanvasElement) draw(tableOf(canvas));
});
