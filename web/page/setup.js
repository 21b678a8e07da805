"use strict";

// The set-up form: the one-time code comes with the link, behind the #, so that
// it is in no log. What the server says is shown as text, never as markup.
(function () {
  const form = document.getElementById("setup");
  const said = document.getElementById("said");
  const done = document.getElementById("done");
  if (!form) { return; }

  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    form.elements.code.value = code;
    history.replaceState(null, "", location.pathname + location.search);
    for (const other of document.querySelectorAll("header nav a")) {
      other.hash = "code=" + encodeURIComponent(code);
    }
  }
  try {
    form.elements.time_zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  } catch (_) {
    form.elements.time_zone.value = "UTC";
  }

  function say(text) {
    said.textContent = text;
    said.hidden = text === "";
  }

  function explain(problem) {
    const parts = [problem.detail || form.dataset.failed];
    for (const e of problem.errors || []) {
      parts.push(e.path + ": " + e.message);
    }
    return parts.join("\n");
  }

  form.addEventListener("submit", async function (event) {
    event.preventDefault();
    say("");
    const f = form.elements;
    if (f.password.value !== f.again.value) {
      say(form.dataset.differ);
      f.again.focus();
      return;
    }
    f.send.disabled = true;
    try {
      const answer = await fetch("/api/latchkey/v1/setup", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          username: f.username.value,
          password: f.password.value,
          code: f.code.value.trim(),
          house: { name: f.house.value, time_zone: f.time_zone.value, language: document.documentElement.lang },
        }),
      });
      const body = await answer.json().catch(function () { return {}; });
      if (!answer.ok) {
        say(explain(body));
        return;
      }
      form.reset();
      form.hidden = true;
      document.getElementById("origin").textContent = location.origin;
      done.hidden = false;
      done.focus();
    } catch (_) {
      say(form.dataset.failed);
    } finally {
      f.send.disabled = false;
    }
  });
})();
