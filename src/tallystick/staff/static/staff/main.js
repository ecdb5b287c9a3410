// The shell: keys, theme, toasts, dialogs, lists. Every page works without it.
const doc = document;
const $ = (selector, root = doc) => root.querySelector(selector);
const $$ = (selector, root = doc) => [...root.querySelectorAll(selector)];

// Theme: at once, and kept in the cookie the server reads, so that the next page doesn't flash.
for (const button of $$("[data-set-theme]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const theme = button.dataset.setTheme;
    if (theme === "auto") delete doc.documentElement.dataset.theme;
    else doc.documentElement.dataset.theme = theme;
    doc.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    for (const other of $$("[data-set-theme]")) other.setAttribute("aria-pressed", String(other === button));
  });
}

// Menus made of <details>: Esc and a click elsewhere close them.
const openMenus = () => $$("details.pop[open]");
doc.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

// Dialogs: data-opens="id" opens one; closing returns to what opened it.
let openedBy = null;
export const openDialog = (id, from) => {
  const dialog = doc.getElementById(id);
  if (!dialog || dialog.open) return false;
  openedBy = from || doc.activeElement;
  for (const menu of openMenus()) menu.open = false;
  dialog.showModal();
  const first = $("[data-first], input:not([type=hidden]):not([type=checkbox]), textarea, select", dialog);
  if (first) first.focus();
  return true;
};
doc.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener && openDialog(opener.dataset.opens, opener.closest("details.pop") ? $("summary", opener.closest("details.pop")) : opener)) event.preventDefault();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
});
doc.addEventListener("close", () => openedBy?.isConnected && openedBy.focus(), true);
doc.addEventListener("pointerdown", (event) => {
  if (event.target.matches?.("dialog[open]")) event.target.close();
});
// The compose screen comes as a dialog; its link works as a page too.
doc.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.target.id === "compose-slot" && $("dialog", event.target);
  if (dialog) openDialog(dialog.id, $("[data-key=l]"));
});
doc.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-add]");
  if (chip) {
    const to = $("[name=to]", chip.form), { add, takes } = chip.dataset;
    const kept = to.value.split(/[,;\n]/).map((one) => one.trim()).filter((one) => one && one.replace(/^.*<|>$/g, "").trim() !== takes);
    to.value = [...kept, add].join(", ");
    for (const same of $$(`[data-add="${CSS.escape(add)}"]`, chip.form)) (same.closest(".banner") ?? same).remove();
    to.focus();
  }
  const look = event.target.closest("[data-preview]");
  if (look) {
    const frame = $(".preview", look.form);
    look.formTarget = frame.name;
    frame.hidden = false;
    frame.scrollIntoView({ block: "nearest" });
  }
});

// Toasts leave after ten seconds, and wait while someone reads them.
const arm = (toast) => {
  let timer;
  const start = () => (timer = setTimeout(() => toast.remove(), 10_000));
  const stop = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
  $("[data-dismiss]", toast)?.addEventListener("click", () => toast.remove());
  start();
};
$$("[data-toast]").forEach(arm);

// What leaves within the hour counts down.
const countdowns = $$("[data-countdown]");
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const count = () => {
  for (const one of countdowns) {
    const left = Math.round((new Date(one.dataset.countdown) - Date.now()) / 1000);
    if (left >= 3600) continue;
    if (left < 90) one.textContent = words.format(Math.max(left, 0), "second");
    else one.textContent = words.format(Math.round(left / 60), "minute");
  }
};
if (countdowns.length) {
  count();
  setInterval(count, 1000);
}

// A pressed button that sends a form is busy, and can't be pressed again.
doc.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (event.defaultPrevented || !button || form.method === "dialog" || button.formTarget || form.target) return;
  if (form.dataset.sending) return event.preventDefault();
  if (form.method === "post") {
    form.dataset.sending = "1";
    button.style.minInlineSize = `${button.offsetWidth}px`;
    setTimeout(() => button.setAttribute("aria-busy", "true"));
  }
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of $$("form[data-sending]")) delete form.dataset.sending;
  for (const button of $$("[aria-busy]")) button.removeAttribute("aria-busy");
});

// Filters apply themselves; the Apply button is for pages without script.
for (const select of $$("[data-submits]")) select.addEventListener("change", () => select.form.requestSubmit());

// After a failed form, the first wrong field has the focus.
const wrong = $("[aria-invalid='true'], [data-focus-first]");
if (wrong) wrong.focus();

// Lists: rows that can be walked, opened and ticked.
const list = $("[data-list]");
const rows = () => (list ? $$("tbody tr[data-href], .threads > li", list) : []);
const cursor = () => rows().find((row) => row.hasAttribute("data-cursor"));
const walk = (step) => {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(cursor() || $(".threads > [aria-current]", list));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  cursor()?.removeAttribute("data-cursor");
  next.setAttribute("data-cursor", "");
  next.scrollIntoView({ block: "nearest" });
  $("a.name, :scope > a", next)?.focus({ preventScroll: true });
};
if (list) {
  const bulk = $("[data-bulk]");
  const ticks = () => $$("[data-tick]", list);
  const tally = () => {
    const all = $("[data-tick-all]", list);
    const chosen = ticks().filter((tick) => tick.checked);
    for (const tick of ticks()) tick.closest("tr").setAttribute("aria-selected", String(tick.checked));
    if (all) {
      all.checked = chosen.length > 0 && chosen.length === ticks().length;
      all.indeterminate = chosen.length > 0 && !all.checked;
    }
    if (!bulk) return;
    $("[data-bulk-count]", bulk).textContent = bulk.dataset.label.replace("%n", chosen.length);
    for (const action of $$("[data-needs]", bulk)) {
      const fits = (tick) => tick.dataset.state.split(" ").includes(action.dataset.needs);
      action.hidden = !chosen.length || !("any" in action.dataset ? chosen.some(fits) : chosen.every(fits));
    }
    $("[data-bulk-none]", bulk).hidden = !chosen.length || $$("[data-needs]", bulk).some((action) => !action.hidden);
  };
  list.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) for (const tick of ticks()) tick.checked = event.target.checked;
    tally();
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("a, button, input, label, summary, details") || getSelection().toString()) return;
    location.href = row.dataset.href;
  });
  $("[data-bulk-clear]")?.addEventListener("click", () => {
    for (const tick of ticks()) tick.checked = false;
    tally();
  });
  tally();
  doc.addEventListener("htmx:afterSwap", tally);
}

// A link to copy: the button shows itself where the browser lets us.
for (const button of $$("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(doc.getElementById(button.dataset.copy).value);
    $("span", button).textContent = button.dataset.done;
  });
}

// Keys. Single letters only while no field has focus, and they can be switched off.
const SINGLE = "tally-single-keys";
const box = $("[data-single-keys]");
if (box) {
  box.checked = localStorage.getItem(SINGLE) !== "off";
  box.addEventListener("change", () => localStorage.setItem(SINGLE, box.checked ? "on" : "off"));
}
const inField = (target) => target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const PLACES = { t: "today", i: "inbox", o: "invoices", c: "customers", p: "payments" };
let going = 0;
doc.addEventListener("keydown", (event) => {
  const dialog = $("dialog[open]");
  if (event.key === "Escape") {
    for (const menu of openMenus()) {
      menu.open = false;
      $("summary", menu)?.focus();
    }
    if (!dialog && inField(event.target) && event.target.type !== "search") event.target.blur();
    if (!dialog && list && !inField(event.target)) $("[data-bulk-clear]")?.click();
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !inField(event.target)) {
    const undo = $("[data-toast] form");
    if (undo) {
      event.preventDefault();
      undo.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey && event.key === "Enter") {
    const send = $("dialog[open] [data-ctrl-enter]") || $("[data-ctrl-enter]");
    if (send && send.offsetParent) {
      event.preventDefault();
      send.click();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || dialog || inField(event.target)) return;
  if (localStorage.getItem(SINGLE) === "off" && event.key !== "?") return;
  const key = event.key.toLowerCase();
  if (Date.now() - going < 1500 && PLACES[key]) {
    const link = $(`[data-place="${PLACES[key]}"]`);
    going = 0;
    if (link) {
      event.preventDefault();
      location.href = link.href;
    }
    return;
  }
  if (key === "g") {
    going = Date.now();
    return;
  }
  if (key === "?") {
    event.preventDefault();
    openDialog("keys");
    return;
  }
  if (list && (key === "j" || key === "k")) {
    event.preventDefault();
    walk(key === "j" ? 1 : -1);
    return;
  }
  if (list && key === "enter" && cursor() && !event.target.closest("a, button, summary")) {
    location.href = cursor().dataset.href;
    return;
  }
  if (list && key === "x" && cursor()) {
    $("[data-tick]", cursor())?.click();
    return;
  }
  const row = cursor();
  const target = (row && $(`[data-key="${CSS.escape(key)}"]`, row)) || $(`[data-key="${CSS.escape(key)}"]`, $(".top") || doc) || $(`[data-key="${CSS.escape(key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches("input, textarea, select")) {
    target.focus();
    target.select?.();
  } else target.click();
});
