// What the status page gains with scripts: it filters and sorts without loading, follows the scrapes, and tells ages
// that stay true. Without scripts the same form and links work by loading. It asks for nothing but this page again.
"use strict";

const REFRESH_MILLISECONDS = 15000;
const TYPING_MILLISECONDS = 150;

const filter = document.getElementById("filter");
let asked = 0;
let typing = 0;

function age(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

function tellAges() {
  const now = Date.now() / 1000;
  for (const time of document.querySelectorAll("time[data-at]")) {
    const text = `${age(Math.max(0, now - Number(time.dataset.at)))} ago`;
    if (time.textContent !== text) time.textContent = text;
  }
}

// Replaces the results by those at an address. Only the newest request counts; a failed one leaves to loading.
async function show(address, remember) {
  const mine = ++asked;
  const results = document.getElementById("results");
  const focused = results.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  let text;
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) return false;
    text = await answer.text();
  } catch {
    return false;
  }
  if (mine !== asked) return true;
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("results");
  if (!fresh) return false;
  results.replaceWith(fresh);
  if (focused) {
    const again = [...fresh.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
    again?.focus({ preventScroll: true });
  }
  if (remember) history.replaceState(null, "", address);
  keepInForm(new URL(address, location.href).searchParams);
  tellAges();
  return true;
}

// The form's fields say what tabs, column heads, labels and chips have chosen.
function keepInForm(parameters) {
  for (const field of filter.querySelectorAll("input[type=hidden]")) field.remove();
  for (const [name, value] of parameters) {
    const shown = filter.elements.namedItem(name);
    if (name === "page" || (shown && shown.type !== "hidden")) continue;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    filter.append(field);
  }
  for (const choice of filter.querySelectorAll("select")) choice.value = parameters.get(choice.name) ?? "";
}

function formAddress() {
  const parameters = new URLSearchParams();
  for (const [name, value] of new FormData(filter)) if (value) parameters.append(name, value);
  return `./?${parameters}`;
}

function listen() {
  filter.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => show(formAddress(), true), TYPING_MILLISECONDS);
  });
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    show(formAddress(), true).then((done) => done || filter.submit());
  });
  document.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target.closest("#results thead a, #results .tabs a, #results .pages a, #results .tags a, #results .chips a");
    if (!link) return;
    event.preventDefault();
    const address = link.getAttribute("href");
    show(address, true).then((done) => done || location.assign(address));
  });
  document.addEventListener("keydown", (event) => {
    const inField = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key === "/" && !inField && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      filter.elements.namedItem("q").select();
    }
  });
  setInterval(() => {
    if (!document.hidden && !document.getElementById("results").matches(":hover")) show(location.href, false);
  }, REFRESH_MILLISECONDS);
}

// Buttons that copy: the clipboard needs a secure context, so that plain HTTP takes the older way.
async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

function offerCopies() {
  for (const button of document.querySelectorAll("button.copy")) {
    const words = button.firstChild;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await copyText(button.dataset.copy);
        words.textContent = "Copied";
      } catch {
        words.textContent = "Not copied";
      }
      setTimeout(() => (words.textContent = "Copy"), 2000);
    });
  }
}

if (filter) {
  filter.classList.add("scripted");
  listen();
}
tellAges();
setInterval(tellAges, 1000);
offerCopies();
