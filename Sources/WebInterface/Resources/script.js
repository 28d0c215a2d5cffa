// Only what makes the page quicker: every page does all of its work without it.
"use strict";

// Leave quickly: every tab is covered before the network is asked. The button, or Shift three times.
const leave = document.querySelector(".leave");
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("leave") : null;
const cover = () => {
  document.body.classList.add("covered");
  document.title = document.title.replace(/.* – /, "");
};
const go = () => {
  cover();
  if (tabs) tabs.postMessage("leave");
};
if (leave) leave.addEventListener("submit", go);
if (tabs) tabs.onmessage = () => { cover(); location.replace("/left"); };
let shifts = [];
addEventListener("keydown", (event) => {
  // Alone: who types capital letters presses it too.
  if (event.key !== "Shift") { shifts = []; return; }
  if (event.repeat) return;
  shifts = [...shifts, event.timeStamp].filter((time) => event.timeStamp - time < 1200);
  if (shifts.length >= 3 && leave) { go(); leave.submit(); }
});

// A page that the browser shows again out of its memory is asked for anew.
addEventListener("pageshow", (event) => { if (event.persisted) { cover(); location.reload(); } });

// What is wrong is read out first.
const errors = document.getElementById("errors");
if (errors) errors.focus();

// Answers are saved when a field is left and every ten seconds, as "Continue" does.
const answers = document.querySelector("form[data-draft]");
if (answers) {
  const status = document.querySelector("[data-saved]");
  let last = new URLSearchParams(new FormData(answers)).toString();
  const save = async () => {
    const now = new URLSearchParams(new FormData(answers));
    if (now.toString() === last) return;
    last = now.toString();
    now.set("autosave", "1");
    const answer = await fetch(answers.action, { method: "POST", body: now, headers: { accept: "text/plain" } })
      .catch(() => null);
    if (answer && answer.ok && status) status.textContent = await answer.text();
    if (!answer || !answer.ok) last = "";
  };
  answers.addEventListener("change", save);
  setInterval(save, 10000);
}
