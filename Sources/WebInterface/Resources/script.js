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

// A sheet is printed by a press; without script the browser's own menu does it.
const print = document.querySelector("[data-print]");
if (print) {
  print.parentElement.hidden = false;
  print.addEventListener("click", () => window.print());
}

// Answers are saved when a field is left and every ten seconds, as "Continue" does.
const answers = document.querySelector("form[data-draft]");
if (answers) {
  const status = document.querySelector("[data-saved]");
  let last = new URLSearchParams(new FormData(answers)).toString();
  let saving = null;
  const save = async () => {
    const now = new URLSearchParams(new FormData(answers));
    if (now.toString() === last) return;
    last = now.toString();
    now.set("autosave", "1");
    const own = saving = fetch(answers.action, { method: "POST", body: now, headers: { accept: "text/plain" } })
      .catch(() => null);
    const answer = await own;
    if (saving === own) saving = null;
    if (answer && answer.ok && status) status.textContent = await answer.text();
    if (!answer || !answer.ok) last = "";
  };
  answers.addEventListener("change", save);
  // What is pressed comes after what is being saved: overtaken by it, half an answer would stay.
  answers.addEventListener("submit", (event) => {
    if (!saving) return;
    event.preventDefault();
    const line = new Promise((done) => setTimeout(done, 5000));
    Promise.race([saving, line]).then(() => { saving = null; answers.requestSubmit(event.submitter); });
  });
  setInterval(save, 10000);
}

// A file goes in pieces, each tried again while the line is down; a photo is made smaller first, which leaves place and camera behind.
const files = document.querySelector("form[data-file]");
const smaller = async (file) => {
  if (!file.type.startsWith("image/")) return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  if (scale === 1 && /jpeg|png/.test(file.type)) return file;
  const canvas = Object.assign(document.createElement("canvas"),
    { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return await new Promise((done) => canvas.toBlob((blob) => done(blob || file), "image/jpeg", 0.85));
};
const send = async (file, bar) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const name = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let wait = 1000;
  for (let offset = -1; offset < file.size;) {
    const body = new FormData();
    for (const field of ["token", "draft-token"]) body.set(field, files.elements[field].value);
    body.set("upload", name);
    body.set("offset", offset);
    if (offset >= 0) body.set("file", file.slice(offset, offset + 196608));
    const answer = await fetch(files.action, { method: "POST", body }).catch(() => null);
    if (answer && !answer.ok) return null;
    if (!answer) {
      await new Promise((done) => setTimeout(done, wait));
      wait = Math.min(wait * 2, 30000);
      continue;
    }
    wait = 1000;
    offset = Number(await answer.text());
    bar.value = offset / file.size;
  }
  return name;
};
if (files && window.crypto && crypto.subtle) files.addEventListener("submit", async (event) => {
  const input = files.elements.file;
  if (!input.files[0] || (event.submitter && event.submitter.name)) return;
  event.preventDefault();
  const bar = files.querySelector("progress");
  const add = (name, value) =>
    files.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  bar.hidden = false;
  for (const button of files.querySelectorAll("button")) button.disabled = true;
  const file = await smaller(input.files[0]);
  // What is too large is said by the page, without sending it.
  if (file.size > 16777216) add("size", file.size);
  else {
    const name = await send(file, bar);
    if (name) add("upload", name); else return files.submit();
  }
  input.name = "";
  files.submit();
});
