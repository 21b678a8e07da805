"use strict";
// Filters the list of operations by every word that is typed.
const input = document.getElementById("search");
const items = [...document.querySelectorAll("nav li")];
input.parentElement.hidden = false;
input.addEventListener("input", () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of items) {
    const text = item.dataset.text.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of document.querySelectorAll("nav [data-group]")) {
    group.hidden = !group.querySelector("li:not([hidden])");
  }
});
