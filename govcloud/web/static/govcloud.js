// Progressive enhancement of pages that work without it: menus, search as you type, live clocks, guarded submits.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Menus are <details>: close on Escape, on a click elsewhere, and when focus leaves.
  const closeMenus = (except) => all("details[data-menu][open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
  document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.querySelector("details[data-menu][open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      const box = document.getElementById("topsearch");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    }
  });

  // A rail that is longer than the window shows where one is.
  const rail = document.querySelector(".rail"), place = rail?.querySelector("[aria-current]");
  if (place && place.offsetTop + place.offsetHeight > rail.clientHeight) rail.scrollTop = place.offsetTop - rail.clientHeight / 2;

  // An error summary takes the focus, so that a screen reader says it and the keyboard starts there.
  document.querySelector("[data-focus]")?.focus();

  // A form is sent once; the browser's Back button makes it usable again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    // Disabling at once would drop the pressed button's own value from what is sent.
    setTimeout(() => all("button", form).forEach((button) => { button.disabled = true; }), 0);
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    all("button", form).forEach((button) => { button.disabled = false; });
  }));

  // A form that only carries something on to a subsystem presses its own button.
  all("form[data-send-on]").forEach((form) => form.requestSubmit());

  all("[data-eye]").forEach((box) => {
    const input = box.querySelector("input"), button = box.querySelector("button");
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    });
  });

  // The rules of a new password are marked as kept while one types; what only the platform can tell stays unmarked until it is sent.
  all("[data-rules]").forEach((list) => {
    const input = document.getElementById(list.dataset.rules), account = document.getElementById("login");
    if (!input) return;
    const kinds = [/\p{Lu}/u, /\p{Ll}/u, /\p{Nd}/u, /[^\p{Lu}\p{Ll}\p{Nd}]/u];
    const kept = {
      length: (text, least) => [...text].length >= least,
      classes: (text, least) => kinds.filter((kind) => kind.test(text)).length >= least,
      login: (text) => {
        const login = (list.dataset.login || account?.value || "").trim().toLowerCase();
        return !login || !text.toLowerCase().includes(login);
      },
    };
    const mark = () => all("[data-rule]", list).forEach((rule) => {
      const test = kept[rule.dataset.rule];
      if (test) rule.classList.toggle("kept", input.value !== "" && test(input.value, Number(rule.dataset.least)));
    });
    input.addEventListener("input", mark);
    account?.addEventListener("input", mark);
  });

  // A list that is wholly on the page is narrowed as one types; the form still works for longer ones.
  all("[data-filter]").forEach((input) => {
    const target = document.getElementById(input.dataset.filter);
    if (!target) return;
    const none = document.getElementById(`${input.dataset.filter}-none`);
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      all("[data-words]", target).forEach((item) => {
        const hit = words.every((word) => item.dataset.words.includes(word));
        item.hidden = !hit;
        shown += hit ? 1 : 0;
      });
      all("[data-group]", target).forEach((group) => { group.hidden = !group.querySelector("[data-words]:not([hidden])"); });
      if (none) none.hidden = shown > 0;
    };
    input.addEventListener("input", apply);
    if (input.value) apply();
  });

  // The top search shows what it finds below the box; Enter opens the page with the same results.
  const search = document.querySelector("[data-search]");
  if (search) {
    const input = search.querySelector("input");
    let panel = null, timer = 0, asked = 0;
    const close = () => { panel?.remove(); panel = null; };
    const ask = async () => {
      const text = input.value.trim(), mine = ++asked;
      if (!text) { close(); return; }
      const address = new URL(search.action);
      address.search = new URLSearchParams({ q: text, part: "1" }).toString();
      const answer = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" }).catch(() => null);
      if (!answer?.ok || mine !== asked) return;
      const html = await answer.text();
      if (mine !== asked || document.activeElement !== input) return;
      panel ??= search.appendChild(Object.assign(document.createElement("div"), { className: "found" }));
      panel.innerHTML = html;
    };
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 180); });
    search.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { close(); input.focus(); return; }
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      const stops = [input, ...all(".found a", search)], at = stops.indexOf(document.activeElement);
      const next = stops[at + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) { event.preventDefault(); next.focus(); }
    });
    search.addEventListener("focusout", (event) => { if (!search.contains(event.relatedTarget)) close(); });
  }

  // A level of the tree opens in place; the link behind it is the page that shows the same.
  document.addEventListener("click", async (event) => {
    const twisty = event.target.closest("[data-level]");
    if (!twisty || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const line = twisty.closest("li"), open = twisty.getAttribute("aria-expanded") === "true";
    let below = line.querySelector(":scope > ul");
    if (!open && !below) {
      const answer = await fetch(twisty.dataset.level, { headers: { Accept: "text/html" }, redirect: "error" }).catch(() => null);
      if (!answer?.ok) { location.assign(twisty.href); return; }
      if (!line.querySelector(":scope > ul")) line.insertAdjacentHTML("beforeend", await answer.text());
      below = line.querySelector(":scope > ul");
    }
    if (below) below.hidden = open;
    twisty.setAttribute("aria-expanded", String(!open));
  });

  // What stands in a box goes to the clipboard; where a browser gives none (plain http), it is selected for Ctrl-C.
  all("[data-copy]").forEach((button) => {
    const source = document.getElementById(button.dataset.copy), label = button.querySelector("span"), usual = label.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const copied = await navigator.clipboard?.writeText(source.textContent).then(() => true, () => false);
      if (!copied) { getSelection().selectAllChildren(source); if (!document.execCommand("copy")) return; }
      label.textContent = button.dataset.done;
      setTimeout(() => { label.textContent = usual; }, 2000);
    });
  });

  // Tests of a connection run one after the other, each row saying what it found; without scripts the button runs all at once.
  const probes = document.querySelector("[data-probes]"), runs = document.querySelector("[data-run-probes]");
  runs?.addEventListener("submit", async (event) => {
    const waiting = all("[data-probe]", probes);
    if (!waiting.length) return;
    event.preventDefault();
    const button = runs.querySelector("button"), status = document.querySelector("[data-probed]"), body = new FormData(runs);
    const tell = (n) => { status.textContent = status.dataset.probed.replace("{n}", n).replace("{all}", waiting.length); };
    button.disabled = true;
    tell(0);
    for (const [done, row] of waiting.entries()) {
      const said = row.querySelector("[data-waiting]");
      said.textContent = probes.dataset.running;
      row.setAttribute("aria-busy", "true");
      const answer = await fetch(row.dataset.probe, { method: "POST", body, headers: { Accept: "text/html" }, redirect: "error" }).catch(() => null);
      if (answer?.ok) row.outerHTML = await answer.text(); else { row.removeAttribute("aria-busy"); said.textContent = probes.dataset.lost; }
      tell(done + 1);
    }
    button.disabled = false;
    // Sent once more, with nothing left to wait for, the form runs all of them again.
    button.lastChild.textContent = runs.dataset.again;
  });

  // The head of a table that fits stays in sight below the top bar; one that is wider scrolls sideways instead.
  const fit = new ResizeObserver((seen) => seen.forEach(({ target }) => target.classList.toggle("fits", target.scrollWidth <= target.clientWidth)));
  all(".tablewrap").forEach((box) => fit.observe(box));

  // Clocks: "4 days left" stays true while the page is open. The words come from the page, in its language.
  const source = document.getElementById("relative-words");
  const words = source ? JSON.parse(source.textContent) : null;
  const tick = () => all("[data-relative]").forEach((node) => {
    const seconds = (Date.parse(node.dataset.relative) - Date.now()) / 1000, size = Math.abs(seconds);
    const [unit, length] = size >= 172800 ? ["days", 86400] : size >= 3600 ? ["hours", 3600] : ["minutes", 60];
    const side = seconds >= 0 ? "left" : "overdue" in node.dataset ? "overdue" : "ago";
    const text = words[side][unit].replace("{n}", String(Math.max(Math.floor(size / length), unit === "minutes" ? 1 : 0)));
    if (node.textContent !== text) node.textContent = text;
  });
  if (words) setInterval(tick, 30000);

  all("[data-print]").forEach((button) => { button.hidden = false; button.addEventListener("click", () => window.print()); });
})();
