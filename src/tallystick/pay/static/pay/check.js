// Ask the bank again after a moment; without script the page reloads by itself.
const form = document.querySelector("form[data-auto]");
if (form) setTimeout(() => form.requestSubmit(), 2000);
