// How many text messages a text is, while it is typed: the same count as core/segments.py, from tables it hands over.
// Placeholders count as typed.
const sizeOf = (text, { basic, extended, sizes }) => {
  const [gsmAlone, gsmPart, ucsAlone, ucsPart] = sizes.split(" ").map(Number);
  const letters = [...text.replaceAll("\r\n", "\n")];
  const plain = letters.every((letter) => letter === "\n" || basic.includes(letter) || extended.includes(letter));
  const widths = letters.map((letter) => (plain ? (extended.includes(letter) ? 2 : 1) : letter.length));
  const alone = plain ? gsmAlone : ucsAlone;
  const part = plain ? gsmPart : ucsPart;
  const units = widths.reduce((sum, width) => sum + width, 0);
  if (units <= alone) return { plain, n: units ? 1 : 0, left: alone - units };
  let n = 1;
  let used = 0;
  for (const width of widths) {
    if (used + width > part) {
      n += 1;
      used = 0;
    }
    used += width;
  }
  return { plain, n, left: part - used };
};
for (const field of document.querySelectorAll("[data-segments]")) {
  const count = Object.assign(document.createElement("output"), { className: "hint tnum" });
  const show = () => {
    const { plain, n, left } = sizeOf(field.value, field.dataset);
    const words = plain ? field.dataset.segments : field.dataset.segmentsRich;
    count.textContent = field.value ? words.replace("{n}", n).replace("{left}", left) : "";
  };
  field.after(count);
  field.addEventListener("input", show);
  show();
}
