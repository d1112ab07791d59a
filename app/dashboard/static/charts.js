// Charts that can be pointed at. What draws them is fetched when somebody asks for it, and not before:
// without this script, or where it fails, the picture and its table stay as they are.
"use strict";

(() => {
  const source = document.currentScript.dataset.bundle;
  // No code from texts (the policy of our pages forbids it), no style within the page, nothing from elsewhere.
  const options = {
    ast: true,
    actions: false,
    defaultStyle: false,
    renderer: "svg",
    tooltip: tell,
  };
  const values = document.createElement("dl");
  let loading = null;

  // What stands at the pointer: name and text of each value; nothing where nothing is pointed at.
  function tell(handler, event, item, found) {
    values.hidden = !found;
    if (!found) return;
    const lines = Object.entries(found).map(([name, text]) => {
      const line = document.createElement("div");
      const [key, value] = ["dt", "dd"].map((tag) => document.createElement(tag));
      key.textContent = name;
      value.textContent = text;
      line.append(key, value);
      return line;
    });
    values.replaceChildren(...lines);
    const { width, height } = values.getBoundingClientRect();
    values.style.left = `${Math.max(0, Math.min(event.clientX + 12, innerWidth - width))}px`;
    values.style.top = `${Math.max(0, Math.min(event.clientY + 12, innerHeight - height))}px`;
  }

  function load() {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = () => {
        loading = null;
        reject(new Error("not loaded"));
      };
      document.head.append(script);
    });
    return loading;
  }

  async function draw(picture) {
    const [answer] = await Promise.all([
      fetch(picture.dataset.specification, { headers: { Accept: "application/json" } }),
      load(),
    ]);
    if (!answer.ok) throw new Error("not answered");
    const drawn = document.createElement("div");
    await window.vegaEmbed(drawn, await answer.json(), options);
    picture.replaceChildren(drawn);
  }

  function offer(picture) {
    const button = document.createElement("button");
    const named = document.createElement("span");
    const told = document.createElement("p");
    button.type = "button";
    button.className = "second";
    button.textContent = "Show values where I point";
    named.className = "hidden";
    named.textContent = `: ${picture.dataset.title}`;
    button.append(named);
    told.className = "no-print";
    told.setAttribute("role", "status");
    told.append(button);
    picture.after(told);
    button.addEventListener("click", async () => {
      button.setAttribute("aria-disabled", "true");
      try {
        await draw(picture);
        picture.focus();
        told.textContent = "Point at the chart or tap it: it tells its values. They stand in the table too.";
      } catch {
        told.textContent = "The chart could not be fetched. Its values stand in the table.";
      }
    });
  }

  addEventListener("DOMContentLoaded", () => {
    values.className = "pointed-at";
    values.hidden = true;
    document.querySelector("main").append(values);
    document.querySelectorAll("[data-specification]").forEach(offer);
  });
})();
