// The LED panel of the sign-in page tells the time, as the clocks do.

const panel = document.querySelector(".led");
const glyphs = JSON.parse(panel.dataset.glyphs);
const lamps = panel.querySelectorAll("circle");
const columns = Number(panel.dataset.columns);
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** Light the dots of a text of digits and colons, in the middle of the panel. */
function show(text) {
  const rows = glyphs["0"].map((_, y) => [...text].map((one) => glyphs[one][y]).join("."));
  const left = Math.floor((columns - rows[0].length) / 2);
  lamps.forEach((lamp, i) => {
    const dot = rows[Math.floor(i / columns) - 1]?.[(i % columns) - left];
    lamp.classList.toggle("lit", dot === "#");
  });
}

function tick() {
  const now = new Date();
  show(clock.format(now));
  setTimeout(tick, 60_000 - (now.getTime() % 60_000) + 20);
}

tick();
