// With everything ticked and no other amount typed, the buttons can name the sum; else they name what they do.
const form = document.querySelector("form.pick-first");
const ticks = [...form.querySelectorAll("input[data-minor]")];
const other = form.querySelector("#other");
function name() {
  const isAll = ticks.every((tick) => tick.checked) && !other?.value.trim();
  for (const words of form.querySelectorAll("button [data-all]")) words.hidden = isAll;
  for (const words of form.querySelectorAll("button [data-sum]")) words.hidden = !isAll;
}
form.addEventListener("input", name);
name();
