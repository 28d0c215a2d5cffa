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
  if (event.key !== "Shift" || event.repeat) return;
  shifts = [...shifts, event.timeStamp].filter((time) => event.timeStamp - time < 1200);
  if (shifts.length >= 3 && leave) { go(); leave.submit(); }
});

// A page that the browser shows again out of its memory is asked for anew.
addEventListener("pageshow", (event) => { if (event.persisted) { cover(); location.reload(); } });

// What is wrong is read out first.
const errors = document.getElementById("errors");
if (errors) errors.focus();
