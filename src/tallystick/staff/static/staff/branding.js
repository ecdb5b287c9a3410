// The preview follows the colour and the logo while they are chosen. The page works without it.
const preview = document.getElementById("preview");
const text = document.querySelector("input[name=brand]");
const swatch = document.getElementById("swatch");
const logo = document.querySelector("input[name=logo]");
const picture = document.getElementById("logo-preview");
const paint = (colour) => {
  if (/^#[0-9a-f]{6}$/i.test(colour)) preview.style.setProperty("--brand", colour);
};
swatch.hidden = false;
swatch.addEventListener("input", () => {
  text.value = swatch.value;
  paint(swatch.value);
});
text.addEventListener("input", () => {
  const colour = text.value.startsWith("#") ? text.value : `#${text.value}`;
  if (/^#[0-9a-f]{6}$/i.test(colour)) swatch.value = colour;
  paint(colour);
});
logo.addEventListener("change", () => {
  const file = logo.files[0];
  if (!file || !/^image\/(png|jpeg|webp|gif)$/.test(file.type) || file.size > 5 * 1024 * 1024) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    picture.src = reader.result;
    picture.hidden = false;
  });
  reader.readAsDataURL(file);
});
