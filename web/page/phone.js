"use strict";

// The page of a phone that has its key: buttons that copy, and a light that
// turns green when the phone is heard. What the server says is shown as text.
(function () {
  function select(node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const chosen = getSelection();
    chosen.removeAllRanges();
    chosen.addRange(range);
  }

  // The clipboard is only there on https; the older way works everywhere.
  async function copy(node) {
    try {
      await navigator.clipboard.writeText(node.textContent);
      return true;
    } catch (_) {
      select(node);
      return document.execCommand("copy");
    }
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const words = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async function () {
      if (await copy(document.getElementById(button.dataset.copy))) {
        button.textContent = button.dataset.done;
        setTimeout(function () { button.textContent = words; }, 1500);
      }
    });
  }

  const light = document.getElementById("light");
  if (!light) { return; }
  const said = light.querySelector(".said");
  const time = light.querySelector("time");

  function show(signal) {
    light.dataset.light = signal.light;
    const text = light.dataset[signal.light === "received" ? signal.what : signal.light] || "";
    if (said.textContent !== text) { said.textContent = text; }
    time.textContent = signal.at ? new Date(signal.at).toLocaleTimeString(document.documentElement.lang) : "";
  }

  async function look() {
    let wait = 2000;
    try {
      const answer = await fetch(light.dataset.from, { headers: { Accept: "application/json" } });
      if (answer.status === 404) { return; } // the link's time is over
      if (answer.ok) { show(await answer.json()); } else { wait = 10000; }
    } catch (_) {
      wait = 5000;
    }
    setTimeout(look, wait);
  }
  look();
})();
