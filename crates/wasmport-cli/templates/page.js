"use strict";
for (const field of document.querySelectorAll(".search")) {
  field.hidden = false;
  const input = field.querySelector("input");
  const found = field.querySelector("output");
  const rows = [...document.getElementById(input.dataset.table).tBodies[0].rows];
  const names = rows.map((row) => row.cells[0].textContent.toLowerCase());
  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    let count = 0;
    rows.forEach((row, i) => {
      const shown = names[i].includes(wanted) || rows[i].cells[1].textContent === wanted;
      row.hidden = !shown;
      count += shown;
    });
    found.textContent = wanted ? `${count} of ${rows.length} rows` : "";
  };
  input.addEventListener("input", search);
}
// An index of a component is MODULE:INDEX.
const number = (text) => {
  const [index, module] = text.split(":").reverse();
  return Number(module ?? 0) * 1e7 + Number(index);
};
for (const table of document.querySelectorAll("table[id^=table-]")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const isDown = head.ariaSort !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.ariaSort = isDown ? "descending" : "ascending";
      const key = (row) => {
        const text = row.cells[column].textContent;
        return column === 0 ? text : text === "" ? -1 : number(text);
      };
      const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
      const rows = [...body.rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => (isDown ? order(b, a) : order(a, b)));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
for (const map of document.querySelectorAll("svg[role=list]")) {
  const tiles = [...map.querySelectorAll("g")];
  tiles.forEach((tile, i) => tile.setAttribute("tabindex", i ? -1 : 0));
  const choose = (tile) => {
    const input = tile.closest(".asset").querySelector(".search input");
    if (tile.dataset.f === undefined || !input) return;
    input.value = tile.dataset.f;
    input.dispatchEvent(new Event("input"));
    input.focus();
    input.scrollIntoView({ block: "center" });
  };
  map.addEventListener("click", (event) => {
    const tile = event.target.closest("g");
    if (tile) choose(tile);
  });
  map.addEventListener("keydown", (event) => {
    const at = tiles.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: tiles.length - 1 }[event.key];
    if (at >= 0 && event.key === "Enter") choose(tiles[at]);
    if (at < 0 || to === undefined || !tiles[to]) return;
    event.preventDefault();
    tiles[at].setAttribute("tabindex", -1);
    tiles[to].setAttribute("tabindex", 0);
    tiles[to].focus();
  });
}
for (const code of document.querySelectorAll(".code")) {
  const rows = [...code.querySelectorAll("tr[data-o]")];
  const mark = (event) => {
    const own = event.target.closest("tr[data-o]");
    for (const row of rows) row.classList.toggle("same", !!own && row.dataset.o === own.dataset.o);
  };
  code.addEventListener("mouseover", mark);
  code.addEventListener("click", mark);
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
