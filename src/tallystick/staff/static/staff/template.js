// A template's comforts: placeholders go in where the cursor stands, the preview follows what is typed.
const form = document.getElementById("template");
const texts = [...form.querySelectorAll("[name=subject], [name=body], [name=button], [name=sms]")];
const look = form.querySelector("[data-preview]");
let last = form.querySelector("[name=body]");
let timer;
const show = () => {
  clearTimeout(timer);
  timer = setTimeout(() => form.requestSubmit(look), 600);
};
for (const text of texts) {
  text.addEventListener("focus", () => (last = text));
  text.addEventListener("input", show);
}
for (const code of form.querySelectorAll("[data-holes] code")) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm", textContent: code.textContent });
  button.addEventListener("click", () => {
    last.setRangeText(code.textContent, last.selectionStart, last.selectionEnd, "end");
    last.focus();
    show();
  });
  code.replaceWith(button);
}
form.requestSubmit(look);
