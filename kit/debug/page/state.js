// What the page knows. The files of this folder are one function, in the order of meson.build.

const period = 2000;
const patience = 10000;
const opened = new Set(); // spans whose details are shown
const byId = (id) => document.getElementById(id);
const main = byId('main');
let base = './';
let shown = null; // the data on the page
let before = null; // the process figures of the answer before, for the use of the CPU
let paused = false;
let goneSince = null;
let lost = false; // the server no longer has what this page shows
let timer = 0;
let hiding = 0;
