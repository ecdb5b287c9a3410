// A broadcast's comforts: what isn't chosen is out of the way. Without this everything stays visible, and works.
const form = document.getElementById("broadcast");
const show = () => {
  const kind = form.querySelector("[name=kind]:checked")?.value;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== kind;
  const email = form.querySelector("[name=by_email]").checked;
  const text = form.querySelector("[name=by_sms]").checked;
  for (const part of form.querySelectorAll("[data-part]")) part.hidden = !(part.dataset.part.startsWith("sms_") ? text : email);
};
form.addEventListener("change", show);
show();
