// The editor: fast typing, live figures from the server, drafts that save themselves. No arithmetic here.
const form = document.getElementById("editor");
const $ = (selector, root = form) => root.querySelector(selector);
const $$ = (selector, root = form) => [...root.querySelectorAll(selector)];
const body = $("[data-grid] tbody");
const template = $("template[data-line]");
const MOST = 500;
const words = form.dataset;
const said = document.querySelector("[data-saved]");
const rows = () => $$("tr[data-row]", body);
const field = (row, name) => $(`[name="${name}"]`, row);
const isEmpty = (row) => ["item", "description", "price"].every((name) => !field(row, name).value.trim());

const newRow = () => template.content.firstElementChild.cloneNode(true);
const renumber = () => rows().forEach((row, at) => ($("[data-number]", row).textContent = at + 1));
const keepSpare = () => {
  const all = rows();
  if (all.length < MOST && (!all.length || !isEmpty(all[all.length - 1]))) body.append(newRow());
  renumber();
};
const focusIn = (row, name) => {
  const target = row && field(row, name);
  if (target) {
    target.focus();
    target.select?.();
  }
};

// Live figures: the newest answer wins.
let asked = 0;
let priceTimer;
let pending = null;
const clearErrors = (scope) => {
  for (const span of $$(".error", scope)) span.remove();
  for (const wrong of $$("[aria-invalid]", scope)) {
    wrong.removeAttribute("aria-invalid");
    wrong.removeAttribute("title");
  }
};
const showError = (target, text) => {
  if (!target || target.closest("tr:focus-within") || target.matches(":focus")) return;
  target.setAttribute("aria-invalid", "true");
  const span = document.createElement("span");
  span.className = "error";
  span.textContent = text;
  (target.closest("td, .field") || target.parentElement).append(span);
};
const price = async () => {
  const mine = ++asked;
  pending?.abort();
  pending = new AbortController();
  const sent = rows();
  let answer;
  try {
    const response = await fetch(words.price, { method: "POST", body: new FormData(form), signal: pending.signal });
    if (!response.ok) return;
    answer = await response.json();
  } catch {
    return;
  }
  if (mine !== asked) return;
  clearErrors(body);
  sent.forEach((row, at) => {
    if (!row.isConnected) return;
    $("[data-net]", row).textContent = answer.nets[at] ?? "";
    for (const [name, value] of Object.entries(answer.worked[at] ?? {})) {
      const cell = field(row, name);
      if (cell && !cell.matches(":focus") && /[=*/+×]/.test(cell.value)) cell.value = value;
    }
  });
  for (const error of answer.errors) {
    if (error.kind === "line") showError(sent[error.row] && field(sent[error.row], error.name), error.text);
  }
  $("[data-totals]").innerHTML = answer.totals;
  const due = $("[data-due]");
  if (due) due.textContent = answer.due;
};
const priceSoon = (wait = 250) => {
  clearTimeout(priceTimer);
  priceTimer = setTimeout(price, wait);
};

// Saving by itself.
let saveTimer;
let saving = false;
let dirty = false;
let leaving = false;
const say = (text, state = "draft") => {
  said.textContent = text;
  said.dataset.status = state;
};
const save = async () => {
  if (saving || leaving || !form.elements.customer.value) return;
  saving = true;
  dirty = false;
  const data = new FormData(form);
  data.set("action", "save");
  try {
    const response = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers: { "X-Autosave": "1" } });
    const answer = response.headers.get("content-type")?.includes("json") ? await response.json() : {};
    if (response.ok && answer.version) {
      form.elements.version.value = answer.version;
      form.setAttribute("action", answer.url);
      history.replaceState(null, "", answer.url);
      if (!dirty) say(answer.said);
    } else if (answer.changed) say(words.changed, "failed");
    else {
      const typing = rows().findIndex((row) => row.matches(":focus-within"));
      const elsewhere = (answer.errors ?? [{}]).some((error) => error.kind !== "line" || error.row !== typing);
      say(elsewhere ? words.wrong : words.unsaved, elsewhere ? "failed" : "draft");
    }
  } catch {
    dirty = true;
    say(words.offline, "failed");
  } finally {
    saving = false;
    if (dirty) saveSoon();
  }
};
const saveSoon = () => {
  dirty = true;
  say(words.unsaved);
  clearTimeout(saveTimer);
  saveTimer = setTimeout(save, 1500);
};
const changed = () => {
  keepSpare();
  priceSoon();
  saveSoon();
};
form.addEventListener("input", (event) => {
  if (event.target.closest("[data-combo]")) return;
  changed();
});
form.addEventListener("focusout", (event) => event.target.closest("tr[data-row]") && priceSoon(50));
form.addEventListener("submit", () => {
  leaving = true;
  clearTimeout(saveTimer);
});
addEventListener("pageshow", () => (leaving = false));
addEventListener("beforeunload", (event) => {
  if (dirty && !leaving && form.elements.customer.value) {
    save();
    event.preventDefault();
  }
});

// Combobox: one list under whichever field asked for it.
let box = null;
const closeBox = () => {
  if (!box) return;
  box.input.setAttribute("aria-expanded", "false");
  box.input.removeAttribute("aria-activedescendant");
  box.menu.hidden = true;
  if (box.made) box.menu.remove();
  box = null;
};
const marked = (text, typed) => {
  const at = typed ? text.toLowerCase().indexOf(typed.toLowerCase()) : -1;
  if (at < 0) return [document.createTextNode(text)];
  const hit = document.createElement("mark");
  hit.textContent = text.slice(at, at + typed.length);
  return [document.createTextNode(text.slice(0, at)), hit, document.createTextNode(text.slice(at + typed.length))];
};
const span = (className, ...children) => {
  const made = document.createElement("span");
  made.className = className;
  made.append(...children);
  return made;
};
let wanted = 0;
const openBox = async (input, url, menu, pick, none) => {
  const mine = ++wanted;
  const typed = input.value.trim();
  let found;
  try {
    found = (await (await fetch(url)).json()).options;
  } catch {
    return;
  }
  if (mine !== wanted || !input.matches(":focus")) return;
  if (box?.input !== input) closeBox();
  const made = !menu.isConnected;
  if (made) input.parentElement.append(menu);
  menu.replaceChildren();
  found.forEach((option, at) => {
    const line = span("grow", span("strong", ...marked(option.label, typed)));
    if (option.text) line.append("  ", ...marked(option.text, typed));
    if (option.sub) line.append(document.createElement("br"), span("muted xs", option.sub));
    const entry = document.createElement("div");
    entry.setAttribute("role", "option");
    entry.id = `${menu.id}-${at}`;
    entry.append(line);
    if (option.end) entry.append(span("tnum nb", option.end));
    entry.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      pick(option);
      closeBox();
    });
    menu.append(entry);
  });
  if (!found.length) menu.append(span("h", none));
  menu.hidden = false;
  input.setAttribute("aria-controls", menu.id);
  input.setAttribute("aria-expanded", "true");
  box = { input, menu, found, pick, at: -1, made: made || box?.made };
  if (found.length && typed) moveBox(1);
};
const moveBox = (step) => {
  const options = [...box.menu.querySelectorAll("[role=option]")];
  if (!options.length) return;
  box.at = (box.at + step + options.length) % options.length;
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === box.at)));
  options[box.at].scrollIntoView({ block: "nearest" });
  box.input.setAttribute("aria-activedescendant", options[box.at].id);
};
const boxKeys = (event) => {
  if (!box || box.input !== event.target || event.altKey || event.ctrlKey) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") moveBox(event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter" || (event.key === "Tab" && box.at >= 0)) {
    if (box.at < 0) return false;
    box.pick(box.found[box.at]);
    closeBox();
  } else if (event.key === "Escape") closeBox();
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
};
form.addEventListener("focusout", (event) => {
  if (box?.input === event.target) setTimeout(() => box?.input === event.target && closeBox(), 0);
});

// The customer: a search field in place of the plain list.
const plain = $("select[data-plain]");
const name = document.getElementById("customer-name");
if (plain && name) {
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = "customer";
  hidden.value = plain.value;
  plain.replaceWith(hidden);
  name.disabled = false;
  name.hidden = false;
  let chosen = name.value;
  const pick = (option) => {
    hidden.value = option.value;
    chosen = name.value = option.label;
    clearErrors(name.closest(".field"));
    $("[data-customer-hint]").textContent = option.hint;
    const currency = form.elements.currency;
    if (rows().every(isEmpty)) {
      if (![...currency.options].some((one) => one.value === option.currency)) currency.add(new Option(option.currency, option.currency));
      currency.value = option.currency;
      if (form.elements.terms && [...form.elements.terms.options].some((one) => one.value === option.terms)) form.elements.terms.value = option.terms;
    }
    changed();
  };
  let timer;
  const look = () => openBox(name, `${words.customers}?q=${encodeURIComponent(name.value === chosen ? "" : name.value)}`, document.getElementById("customer-list"), pick, words.nobody);
  name.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 120);
  });
  name.addEventListener("keydown", (event) => {
    if (boxKeys(event)) return;
    if (event.key === "ArrowDown" && !box) {
      event.preventDefault();
      look();
    }
  });
  name.addEventListener("click", () => !box && look());
  name.addEventListener("blur", () => (name.value = hidden.value ? chosen : name.value));
  if (!hidden.value && name.hasAttribute("data-focus-first")) name.focus();
}

// Items from the catalog.
let itemTimer;
let menus = 0;
body.addEventListener("input", (event) => {
  const input = event.target;
  if (input.name !== "item") return;
  clearTimeout(itemTimer);
  if (!input.value.trim()) return closeBox();
  itemTimer = setTimeout(() => {
    const row = input.closest("tr");
    const menu = box?.input === input ? box.menu : Object.assign(document.createElement("div"), { className: "menu", id: `items-${++menus}` });
    menu.setAttribute("role", "listbox");
    menu.setAttribute("aria-label", input.getAttribute("aria-label"));
    const fill = (option) => {
      input.value = option.value;
      for (const [key, value] of Object.entries(option.fill)) if (value) field(row, key).value = value;
      if (!field(row, "quantity").value) field(row, "quantity").value = "1";
      focusIn(row, "quantity");
      changed();
    };
    openBox(input, `${words.items}?q=${encodeURIComponent(input.value)}&currency=${form.elements.currency.value}`, menu, fill, words.free);
  }, 120);
});

// Keys of the grid.
const NAMES = ["item", "description", "detail", "quantity", "unit", "price", "discount", "tax"];
const copyAbove = (row) => {
  const above = row.previousElementSibling;
  if (!above) return;
  for (const each of NAMES) field(row, each).value = field(above, each).value;
  changed();
};
let removed = null;
const remove = (row, at) => {
  const next = row.nextElementSibling || row.previousElementSibling;
  removed = { row, before: row.nextElementSibling };
  row.remove();
  keepSpare();
  focusIn(next && next.isConnected ? next : rows()[0], at);
  changed();
};
const move = (row, step, at) => {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (step < 0) other.before(row);
  else other.after(row);
  renumber();
  focusIn(row, at);
  changed();
};
body.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || boxKeys(event)) return;
  const at = event.target.name;
  const { key } = event;
  const stop = () => {
    event.preventDefault();
    event.stopPropagation();
  };
  if (event.ctrlKey || event.metaKey) {
    if (key.toLowerCase() === "d") {
      stop();
      copyAbove(row);
    } else if (key === "Delete" || key === "Backspace") {
      if (key === "Delete") {
        stop();
        remove(row, at);
      }
    }
    return;
  }
  if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) {
    stop();
    move(row, key === "ArrowUp" ? -1 : 1, at);
    return;
  }
  if (event.altKey) return;
  if (key === "Enter") {
    stop();
    closeBox();
    if (!row.nextElementSibling && rows().length < MOST) {
      body.append(newRow());
      renumber();
    }
    focusIn(row.nextElementSibling, event.shiftKey ? at : "item");
    return;
  }
  if ((key === "ArrowUp" || key === "ArrowDown") && event.target.tagName === "INPUT") {
    const other = key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    if (other) {
      stop();
      focusIn(other, at);
    }
  }
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("input") && !event.ctrlKey) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  if (event.key.toLowerCase() === "s") {
    event.preventDefault();
    clearTimeout(saveTimer);
    if (form.elements.customer.value) save();
    else document.querySelector("[data-ctrl-s]").click();
  } else if (event.key.toLowerCase() === "z" && removed && !event.target.closest("input, textarea")) {
    event.preventDefault();
    if (removed.before?.isConnected) removed.before.before(removed.row);
    else body.append(removed.row);
    removed = null;
    changed();
  }
});

// A fresh row for a discount once the last one is used.
$("[data-adjustments]").addEventListener("input", () => {
  const all = $$("[data-adjustment]");
  const last = all[all.length - 1];
  if (!last.querySelector("[name=adj_value]").value) return;
  const copy = last.cloneNode(true);
  for (const input of copy.querySelectorAll("input")) input.value = "";
  clearErrors(copy);
  last.after(copy);
});
for (const button of $$("[data-add-line]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const spare = rows().find(isEmpty);
    if (spare) return focusIn(spare, "item");
    body.append(newRow());
    renumber();
    focusIn(rows().at(-1), "item");
  });
}
keepSpare();
