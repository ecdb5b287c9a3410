// The inbox: a thread that is looked at is read, saved replies go in where one types, chosen files are named.
const $ = (selector, root = document) => root.querySelector(selector);

const box = $("#rp");
document.addEventListener("click", (event) => {
  const ready = event.target.closest("[data-insert]");
  if (!ready || !box) return;
  event.preventDefault();
  box.setRangeText(ready.dataset.insert, box.selectionStart, box.selectionEnd, "end");
  ready.closest("details").open = false;
  box.focus();
});
if (box) {
  const grow = () => {
    box.style.blockSize = "auto";
    box.style.blockSize = `${Math.min(box.scrollHeight + 2, innerHeight / 2)}px`;
  };
  box.addEventListener("input", grow);
  box.addEventListener("focus", grow);
}

// The newest stands at the bottom, where one answers.
const said = $(".said-in");
if (said) said.scrollTop = said.scrollHeight;

// Read as soon as somebody looks at it; without script there is a button.
const look = $("[data-reads]");
if (look) {
  const read = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", read);
    fetch(look.action, { method: "POST", body: new FormData(look), redirect: "manual" }).then(() => {
      $(".threads > [aria-current]")?.removeAttribute("data-unread");
      look.hidden = true;
      const held = $("[data-place=inbox] .n");
      const left = held ? Number(held.textContent.replace(/\D/g, "")) - 1 : 0;
      if (held) left > 0 ? (held.textContent = String(left)) : held.remove();
    });
  };
  document.addEventListener("visibilitychange", read);
  read();
}
