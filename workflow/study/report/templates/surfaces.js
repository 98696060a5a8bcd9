// Two surfaces that turn together, and what the pointer reads from both.
// viridis at nine places
const SHADES = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141],
                [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];
const SIZE = 440, SCALE = 125, HEIGHT = 0.8;  // pixels, but for HEIGHT
const view = {turn: 0.7, tilt: 0.55, marked: null};
let plane = content.planes[0];

function shade(share) {
  const place = Math.min(Math.max(share, 0), 1) * (SHADES.length - 1);
  const k = Math.min(Math.floor(place), SHADES.length - 2), f = place - k;
  return `rgb(${SHADES[k].map((c, i) => Math.round(c + f * (SHADES[k + 1][i] - c))).join()})`;
}

const share = (loss) => (loss - plane.range[0]) / (plane.range[1] - plane.range[0]);

// Pixel [left, top] of a point whose three coordinates run from -1 to 1.
function pixel(u, v, w) {
  const across = u * Math.cos(view.turn) - v * Math.sin(view.turn);
  const away = u * Math.sin(view.turn) + v * Math.cos(view.turn);
  const up = w * HEIGHT * Math.cos(view.tilt) + away * Math.sin(view.tilt);
  return [SIZE / 2 + SCALE * across, SIZE / 2 - SCALE * up];
}

const place = (k, values) => 2 * k / (values.length - 1) - 1;

function vertex(loss, i, j) {
  const w = 2 * Math.min(share(loss[j][i]), 1) - 1;
  return pixel(place(i, plane.x), place(j, plane.y), w);
}

// Traces each cell of the grid, the farthest first, and calls visit with its corners.
function cells(pen, loss, visit) {
  // "away" grows with u and v where sine and cosine are positive
  const order = (n, rising) => [...Array(n - 1).keys()].sort((a, b) => rising ? b - a : a - b);
  const columns = order(plane.x.length, Math.sin(view.turn) > 0);
  const rows = order(plane.y.length, Math.cos(view.turn) > 0);
  for (const j of rows) for (const i of columns) {
    const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
    if (corners.some(([a, b]) => loss[b][a] === null)) continue;  // the network diverges there
    pen.beginPath();
    for (const [a, b] of corners) pen.lineTo(...vertex(loss, a, b));
    pen.closePath();
    visit(corners);
  }
}

function draw(canvas, loss) {
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, SIZE, SIZE);
  box(pen);
  cells(pen, loss, (corners) => {
    const mean = corners.reduce((sum, [a, b]) => sum + loss[b][a], 0) / 4;
    pen.fillStyle = pen.strokeStyle = shade(share(mean));
    pen.fill();
    pen.stroke();
  });
  if (view.marked && loss[view.marked[1]][view.marked[0]] !== null) {
    pen.beginPath();
    pen.arc(...vertex(loss, ...view.marked), 4, 0, 2 * Math.PI);
    pen.fillStyle = "white"; pen.strokeStyle = "black";
    pen.fill();
    pen.stroke();
  }
}

function box(pen) {
  pen.strokeStyle = "#bbb"; pen.fillStyle = "#333"; pen.font = "12px system-ui, sans-serif";
  const line = (...points) => {
    pen.beginPath();
    for (const point of points) pen.lineTo(...pixel(...point));
    pen.stroke();
  };
  line([-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, -1]);
  for (const [u, v] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) line([u, v, -1], [u, v, 1]);
  const write = (text, point) => {
    const [left, top] = pixel(...point);
    pen.textAlign = left < SIZE / 2 ? "right" : "left";
    String(text).split("\n").forEach((part, k) => {
      const wide = pen.measureText(part).width;
      const inside = left < SIZE / 2 ? Math.max(left, wide) : Math.min(left, SIZE - wide);
      pen.fillText(part, inside, top + 4 + 14 * k);
    });
  };
  pen.textBaseline = "middle";
  const near = Math.cos(view.turn) > 0 ? -1.15 : 1.15;  // just outside the edges in front
  const side = Math.sin(view.turn) > 0 ? -1.15 : 1.15;
  const ends = (values) => [[-0.9, values[0]], [0.9, values[values.length - 1]]];
  for (const [u, value] of [...ends(plane.x), [0, plane.axes[0]]]) write(value, [u, near, -1]);
  for (const [v, value] of [...ends(plane.y), [0, plane.axes[1]]]) write(value, [side, v, -1]);
}

const canvases = Object.entries(content.neurons).map(([neuron, label]) => {
  const figure = document.createElement("figure"), canvas = document.createElement("canvas");
  const caption = document.createElement("figcaption");
  caption.textContent = label;
  canvas.width = canvas.height = SIZE;
  canvas.id = neuron;
  figure.append(caption, canvas);
  document.getElementById("surfaces").append(figure);
  canvas.onpointermove = (event) => event.buttons ? turn(event) : read(event, neuron);
  canvas.onpointerdown = (event) => canvas.setPointerCapture(event.pointerId);
  return [canvas, neuron];
});

function redraw() {
  for (const [canvas, neuron] of canvases) draw(canvas, plane.loss[neuron]);
}

function turn(event) {
  view.turn -= event.movementX / 150;
  view.tilt = Math.min(Math.max(view.tilt + event.movementY / 150, 0.05), 1.5);
  redraw();
}

function read(event, neuron) {
  const loss = plane.loss[neuron];
  const pen = event.target.getContext("2d"), shown = SIZE / event.target.clientWidth;
  const pointer = [shown * event.offsetX, shown * event.offsetY];
  let under = [];  // corners of the nearest cell under the pointer
  cells(pen, loss, (corners) => { if (pen.isPointInPath(...pointer)) under = corners; });
  const distance = ([i, j]) => {
    const [left, top] = vertex(loss, i, j);
    return Math.hypot(left - pointer[0], top - pointer[1]);
  };
  const found = under.sort((a, b) => distance(a) - distance(b))[0] ?? null;
  view.marked = found;
  if (found) {
    const [i, j] = found;
    const said = Object.entries(content.neurons).map(
      ([name, label]) => `${label} ${plane.loss[name][j][i] ?? "none"}`);
    const [first, second] = plane.axes.map((name) => name.replace("\n", " "));
    const where = `${first}: ${plane.x[i]}; ${second}: ${plane.y[j]}`;
    document.getElementById("reading").textContent = `${where}; loss ${said.join(", ")} nats`;
  }
  redraw();
}

function choose() {
  plane = content.planes[menu.selectedIndex];
  view.marked = null;
  document.getElementById("low").textContent = plane.range[0];
  document.getElementById("high").textContent = plane.range[1];
  redraw();
}

const menu = document.getElementById("plane");
for (const {label} of content.planes) menu.add(new Option(label));
document.getElementById("bar").style.background =
  `linear-gradient(to right, ${SHADES.map((c) => `rgb(${c.join()})`).join()})`;
menu.onchange = choose;
choose();
