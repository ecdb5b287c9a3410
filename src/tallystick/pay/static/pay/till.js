// Comforts: copy buttons beside the bank details, a busy button after the click.
const copyIcon = '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><rect width="14" height="14" x="8" y="8" rx="2"/><path d="M4 16a2 2 0 0 1-2-2V4c0-1 1-2 2-2h10a2 2 0 0 1 2 2"/></svg>';
const list = document.querySelector("dl[data-copy]");
if (list && navigator.clipboard) {
  for (const line of list.querySelectorAll(".copy")) {
    const name = `${list.dataset.copy}: ${line.previousElementSibling.textContent}`;
    const button = Object.assign(document.createElement("button"), { type: "button", title: name, innerHTML: copyIcon });
    button.className = "btn btn-sm btn-icon btn-ghost";
    button.setAttribute("aria-label", name);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(line.firstElementChild.textContent.trim());
      button.dataset.done = "";
      setTimeout(() => delete button.dataset.done, 1500);
    });
    line.append(button);
  }
}
addEventListener("submit", (event) => event.submitter?.setAttribute("aria-busy", "true"));
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
});
